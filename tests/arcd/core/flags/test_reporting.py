from __future__ import annotations

from string import Formatter

from msgspec.structs import replace

from arcd.core.facts import Scope
from arcd.core.flags.messages import LISTED_MAX, report_text
from arcd.core.flags.reporting import expected_zones
from arcd.core.flags.texts import KINDS, MESSAGES, REPORT
from arcd.core.site import System, Zone
from protocols.signals import Category
from rules.vocabulary import LANGUAGES
from tests.arcd.core.conftest import Play
from tests.arcd.core.flags.scene import end, promote, start, the_site
from tests.playbook import Panel, Playbook
from tests.sites import rules

VIDEO = System(id="video", kind="video", zones=(Zone(number="1"), Zone(number="7", area="2")))


def ended(play: Playbook, scope: Scope) -> tuple[str, ...]:
    play >> start(scope=scope) << ...
    (flag_id,) = play.station.state.flags
    play >> end(flag_id) << ...
    return play.station.state.flag_reports[flag_id].expected


def test_what_is_expected_is_what_the_scope_names(playbook: Play) -> None:
    site = the_site()
    play = playbook(sites=[the_site(systems=(*site.systems, VIDEO))])
    assert ended(play, Scope()) == ("intrusion/1", "intrusion/3", "intrusion/4", "video/1", "video/7")
    assert ended(play, Scope(systems=("intrusion",))) == ("intrusion/1", "intrusion/3", "intrusion/4")
    assert ended(play, Scope(areas=("2",))) == ("intrusion/4", "video/7")
    assert ended(play, Scope(zones=("01",))) == ("intrusion/1", "video/1")


def test_a_whole_report(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()], sources=rules(routes={"FA": "urgent"})), Panel()
    play >> start(scope=Scope(categories=(Category.INTRUSION, Category.FIRE))) << ...
    for _ in range(2):
        play >> panel.sia("BA", zone="1") << ...
    play >> panel.sia("BR", zone="1") << ...
    play >> panel.sia("FA", zone="3") << ...
    play >> panel.sia("FA", zone="4") << ...
    play >> promote(15) << ...
    play >> end() << ...
    report = play.station.state.flag_reports["F10"]
    assert report_text(report, "en").splitlines() == [
        "Ended: ended by os:matti: Done",
        "Signals: 5",
        "Heard: intrusion/1 ×2, intrusion/3 ×1, intrusion/4 ×1",
        "Not heard: –",
        "Not restored: intrusion/3 fire",
        "Emergency signals (* = made live): 2: FA intrusion/3, FA intrusion/4 *",
    ]
    assert report.case_id, "something still stands"
    assert report_text(report, "fi").startswith("Päättyi: ")


def test_a_long_list_is_cut_in_the_text_and_whole_in_the_report(playbook: Play) -> None:
    zones = tuple(Zone(number=str(number)) for number in range(1, LISTED_MAX + 3))
    play = playbook(sites=[the_site(systems=(System(id="big", kind="intrusion", zones=zones),))])
    ended(play, Scope())
    report = play.station.state.flag_reports["F10"]
    assert len(report.missing) == LISTED_MAX + 2
    assert f"big/{LISTED_MAX} … +2" in report_text(report, "en")


def test_a_site_that_is_gone_expects_nothing(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start() << ...
    state = play.station.state
    assert expected_zones(state, replace(state.flags["F10"], site_id="S-9")) == ()


def test_every_text_is_there_in_every_language_and_asks_for_the_same() -> None:
    for texts in (*KINDS.values(), *MESSAGES.values(), *REPORT.values()):
        assert set(texts) == set(LANGUAGES)
        asked = {frozenset(name for _, name, _, _ in Formatter().parse(text) if name) for text in texts.values()}
        assert len({names - {"kind", "flag_id"} for names in asked}) == 1, texts["en"]
