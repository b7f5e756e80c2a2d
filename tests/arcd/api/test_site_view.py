from __future__ import annotations

import msgspec
from msgspec.structs import replace

from arcd.api.site_view import site_view
from arcd.core import site as core
from arcd.core.siterun import SiteRun
from tests.arcd.api.desk import SECRETS, SITE, FakeDesk

# Everything of the core's values that may leave; a field added there is decided upon here.
SHOWN = {
    core.Account: {
        *("number", "receiver", "line", "window_past_s", "window_future_s", "ignore_crc", "encoding"),
        *("dialect", "connection", "idle_limit_s"),
    },
    core.Contact: {"id", "name", "roles", "languages", "phones", "email", "pager", "available", "away", "substitute"},
    core.Guard: {"id", "name", "company", "phone"},
    core.Conditioning: set(core.Conditioning.__struct_fields__),  # numbers and categories, shown as they are
}
AS_YES_OR_NO = {core.Account: {"key", "previous_key", "offered_key"}, core.Contact: {"code_word_hash"}}
NEVER = {
    core.Account: {"changed_from"},
    core.Contact: {"duress_word_hash"},
    core.Guard: {"language", "webhook_url", "email"},
}


def test_every_field_is_decided_upon() -> None:
    for struct, shown in SHOWN.items():
        decided = shown | AS_YES_OR_NO.get(struct, set()) | NEVER.get(struct, set())
        assert set(struct.__struct_fields__) == decided, struct.__name__


async def test_no_secret_has_a_field(desk: FakeDesk) -> None:
    text = site_view(desk.state, SITE, "fi", desk.now()).model_dump_json()
    assert not [secret for secret in SECRETS if secret in text]
    assert [secret for secret in SECRETS[:4] if secret in msgspec.json.encode(SITE).decode()], "they are there to leak"


async def test_areas_say_whether_they_are_armed(desk: FakeDesk) -> None:
    areas = site_view(desk.state, SITE, "fi", desk.now()).systems[0].areas
    assert areas[0].armed is None
    desk.state.siteruns.put("K-1", SiteRun(armed={"panel/1": True}))
    assert site_view(desk.state, SITE, "fi", desk.now()).systems[0].areas[0].armed is True


async def test_schedules_and_supervision_are_shown(desk: FakeDesk) -> None:
    hours = core.Hours(opens=540, closes=1080)
    schedule = core.Schedule(weekdays={"mon": hours}, exceptions={"2026-12-24": core.Hours()})
    area = core.Area(number="1", schedule=schedule)
    system = replace(SITE.systems[0], areas=(area,), test_interval_s=86_400.0)
    view = site_view(desk.state, replace(SITE, systems=(system,)), "fi", desk.now())
    shown = view.systems[0].areas[0].schedule
    assert shown is not None
    assert (shown.weekdays["mon"].opens, shown.exceptions["2026-12-24"].opens) == (540, None)
    assert view.systems[0].test_interval_s == 86_400
    assert view.conditioning["swinger_trips"] == 3
