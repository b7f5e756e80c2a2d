from __future__ import annotations

from msgspec.structs import replace

from arcd.api.site_brief import CENTRE_TIMEZONE, site_brief, timezone_of
from arcd.core.site import Contact, Hours
from tests.arcd.api.desk import SECRETS, SITE, FakeDesk


async def test_people_are_shown_with_their_calendars_and_without_their_words(desk: FakeDesk) -> None:
    away = Contact(
        id="bo",
        name="Bo",
        available={"mon": Hours(opens=540, closes=1080)},
        away=(("2026-07-01", "2026-07-31"),),
        substitute="anna",
    )
    brief = site_brief(desk.state, replace(SITE, contacts=(*SITE.contacts, away)), "fi")
    anna, bo = brief.contacts
    assert (anna.code_word, bo.code_word) == (True, False)
    assert (bo.away, bo.substitute, bo.available["mon"].closes) == ([("2026-07-01", "2026-07-31")], "anna", 1080)
    assert not [secret for secret in SECRETS if secret in brief.model_dump_json()]


async def test_instructions_are_in_the_readers_language_else_in_english(desk: FakeDesk) -> None:
    assert site_brief(desk.state, SITE, "sv").instructions == "Nyckeln."
    assert site_brief(desk.state, SITE, "de").instructions == "Key is near."


async def test_guards_nobody_knows_are_left_out(desk: FakeDesk) -> None:
    assert [guard.id for guard in site_brief(desk.state, replace(SITE, guards=("g2", "gone")), "fi").guards] == ["g2"]
    desk.state.centre.drop("centre")
    assert site_brief(desk.state, SITE, "fi").guards == []


async def test_what_has_no_site_is_told_in_the_centres_time(desk: FakeDesk) -> None:
    assert timezone_of(desk.state, "") == CENTRE_TIMEZONE
    assert timezone_of(desk.state, "K-1") == SITE.timezone
