"""What leaves for the authority, to the byte: golden files, each valid against the schema and read back to the same.

`ARCD_WRITE_GOLDEN=1` writes the files anew; look at the difference before it is committed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from arcd.core.case.authority.message import CATEGORIES, CERTAINTIES, SEVERITIES, ulid
from arcd.core.case.authority.policy import EscalationPolicy
from arcd.core.facts import GuardAnswer, Started
from protocols.cap.message import Alert, CapCategory, Certainty, MsgType, Scope, Severity, Status, Urgency
from protocols.cap.profile import NAME, parse_time
from protocols.cap.reader import read
from protocols.cap.schema import SCHEMA_TEXT
from protocols.cap.writer import write
from protocols.signals import LIFE_SAFETY, Category
from tests.arcd.core.case.authority.scene import (
    EXERCISE,
    MACHINE,
    Play,
    a_told_site,
    answer,
    ask,
    begin,
    panel_says,
    sent,
)
from tests.playbook import NS, START, Panel, Playbook, guard
from tests.sites import DISPATCH, a_centre, plan, rules

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = etree.XMLSchema(etree.fromstring(SCHEMA_TEXT))


def holdup(play: Play) -> Playbook:
    return begin(play, "HA")


def exercise(play: Play) -> Playbook:
    return begin(play, "FA", policy=EXERCISE)


def connected_fire(play: Play) -> Playbook:
    told = begin(play, "FA", site=a_told_site(erc_device="12345"))
    return told >> ask("notify", text="A neighbour sees flames & smoke <now>") << ...


def confirmed_intrusion(play: Play) -> Playbook:
    told = begin(play, "BA")
    told >> panel_says("BA", "4", sequence=2) << ...
    told >> ask("level", level=3, reason="Seen") << ...
    return told >> ask("notify") << ...


def update(play: Play) -> Playbook:
    told = holdup(play)
    told >> answer(sent(told)[0]) << ...
    return told >> ask("update", text="Two people have left in a grey van") << ...


def cancel(play: Play) -> Playbook:
    told = holdup(play)
    told >> answer(sent(told)[0]) << ...
    return told >> ask("level", level=0, reason="Pressed by mistake") << ...


STORIES: dict[str, Callable[[Play], Playbook]] = {
    "holdup": holdup,
    "exercise": exercise,
    "connected_fire": connected_fire,
    "confirmed_intrusion": confirmed_intrusion,
    "update": update,
    "cancel": cancel,
}


@pytest.mark.parametrize("name", STORIES)
def test_golden(playbook: Play, name: str) -> None:
    alert = sent(STORIES[name](playbook))[-1]
    content = write(alert)
    file = GOLDEN / f"{name}.xml"
    if os.environ.get("ARCD_WRITE_GOLDEN"):
        file.write_bytes(content)
    assert content == file.read_bytes()
    SCHEMA.assertValid(etree.fromstring(content))
    assert read(content) == alert


def test_the_envelope(playbook: Play) -> None:
    (alert,) = sent(holdup(playbook))
    assert NAME.fullmatch(alert.identifier)
    assert alert.identifier.startswith("arc.example-")
    assert len(alert.identifier) == len("arc.example-") + 26
    assert (alert.sender, alert.scope, alert.addresses) == ("arc.example", Scope.PRIVATE, ("psap.example",))
    assert (alert.sent, parse_time(alert.sent)) == ("2026-03-04T14:00:00+02:00", START)
    assert alert.incidents == ("C11",)


@pytest.mark.parametrize(
    ("month_day", "offset"), [(29, "+03:00"), (28, "+02:00")], ids=["summer time since 03:00", "the day before"]
)
def test_times_have_the_sites_own_offset(playbook: Play, month_day: int, offset: str) -> None:
    start = 1_774_742_400 * NS - (29 - month_day) * 86_400 * NS + 2 * 3600 * NS  # 2026-03-29 02:00 UTC

    def at(**scene: object) -> Playbook:
        return playbook(**scene, now=start)

    (alert,) = sent(begin(at, "HA"))
    assert alert.sent.endswith(offset)
    assert parse_time(alert.sent) == start


def test_levels_become_certainty_and_severity() -> None:
    """requirements 3.3."""
    assert CERTAINTIES[1:] == (Certainty.POSSIBLE, Certainty.LIKELY, Certainty.OBSERVED, Certainty.OBSERVED)
    assert SEVERITIES[1:] == (Severity.MINOR, Severity.MODERATE, Severity.SEVERE, Severity.EXTREME)


def test_categories() -> None:
    assert set(CATEGORIES) >= LIFE_SAFETY | {Category.INTRUSION, Category.TAMPER, Category.TECHNICAL}
    assert CATEGORIES[Category.FIRE] is CapCategory.FIRE
    assert CATEGORIES[Category.MEDICAL] is CapCategory.HEALTH
    assert CATEGORIES[Category.HOLDUP] is CapCategory.SECURITY


def test_what_is_not_needed_is_not_said(playbook: Play) -> None:
    """Need to know: no contact, no telephone, no code word, no standing note for guards."""
    for name, story in STORIES.items():
        content = write(sent(story(playbook))[-1]).decode()
        for private in ("Helmi", "Onni", "555 01", "Ring twice", "Soita kahdesti", "argon2"):
            assert private not in content, name


def test_an_exercise_says_so_wherever_somebody_might_look(playbook: Play) -> None:
    (alert,) = sent(exercise(playbook))
    info = alert.infos[0]
    assert alert.status is Status.EXERCISE
    for text in (info.event, info.headline, info.description):
        assert text.startswith("EXERCISE, EXERCISE, EXERCISE"), text


def test_a_cancel_ends_it_in_every_field(playbook: Play) -> None:
    alert = sent(cancel(playbook))[-1]
    info = alert.infos[0]
    assert (alert.msg_type, info.urgency, info.certainty) == (MsgType.CANCEL, Urgency.PAST, Certainty.UNLIKELY)


def test_codes_of_both_lists_and_the_panels_own_characters(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> Panel().message("ADM-CID", "#1001|1122 01 003", 2, 0.0) << ...
    play >> ask("update", text="bell \x07 and more") << ...
    info = sent(play)[-1].infos[0]
    assert ("SIA-DC-03", "HA") in [(code.name, code.value) for code in info.event_codes]
    assert ("CID", "122") in [(code.name, code.value) for code in info.event_codes]
    assert isinstance(read(write(sent(play)[-1])), Alert), "a control character does not break the document"


def test_a_guard_on_the_way_is_named_with_their_time(playbook: Play) -> None:
    notify = "- {id: notify-erc, kind: notify_authority, recipients: erc, title: {fi: I, sv: A, en: N}}\n"
    play = playbook(sites=[a_told_site()], sources=rules(plan("urgent", DISPATCH + notify, priority="P0")))
    play >> Started(at=0, version="test", escalation=MACHINE) << ...
    play >> panel_says("HA") << ...
    play >> guard("C11-1", GuardAnswer.ACCEPT, eta_s=600) << ...
    play >> ask("notify") << ...
    assert sent(play)[0].infos[0].parameter("guard") == "Kaarti 1, 04.03.2026 14:10:00"


def test_ulids_sort_by_time_and_are_the_same_in_every_replay() -> None:
    assert ulid(START, "a") == ulid(START, "a") != ulid(START, "b")
    assert ulid(START, "z") < ulid(START + NS, "a")
    assert ulid((1 << 48) * 1_000_000 - 1, "x")[0] == "7", "the largest instant a ULID has"


def test_the_languages_of_the_centre(playbook: Play) -> None:
    def in_finnish(**scene: object) -> Playbook:
        return playbook(**scene, centre=a_centre(language="fi"))

    (alert,) = sent(begin(in_finnish, "HA", policy=EscalationPolicy(connector=MACHINE.connector, sender="arc.example")))
    assert alert.infos[0].language == "fi-FI"
    assert alert.infos[0].event.startswith("HARJOITUS")
