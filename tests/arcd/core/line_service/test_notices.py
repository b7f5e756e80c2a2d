"""What transmission operators are told, and that they are told the end of it once (R-19)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from arcd.core.case.casebook import CALLS_MAX
from arcd.core.case.model import StepStatus
from arcd.core.case.texts import render
from arcd.core.effects import PostWebhook, SendMail
from arcd.core.facts import (
    DAEMON,
    SUPERVISOR,
    Actor,
    EffectOutcome,
    FlagKind,
    FlagStartRequested,
    OperatorAnswered,
    Scope,
    SiteImported,
)
from arcd.core.line_service.arranging import AT_ONCE_MAX
from arcd.core.line_service.model import LISTED_MAX
from arcd.core.line_service.texts import TEXTS, duration_text
from arcd.core.site import PathKind, TransmissionPath
from protocols.signals import Category
from rules.model import Priority
from tests.arcd.core.conftest import Play
from tests.arcd.core.line_service.scene import SOURCES, a_fire_site, passes, stays_up, the_centre
from tests.arcd.core.supervision.scene import beat
from tests.playbook import NS, OPERATOR, START, Panel, Playbook, outcome

FOUND_S = 175.0
TOLD_S = 10.0
MANY = 40
SUPERVISING = Actor(id="os:pomo", roles=(SUPERVISOR,))
LIVE = Panel("7777")  # of a site that is heard all the time: it is not us


def mails_of(play: Playbook, to: str = "viat@example.invalid") -> list[SendMail]:
    mails = [each for _, stepped in play.history for each in stepped.effects if isinstance(each, SendMail)]
    return [mail for mail in mails if mail.to == (to,) and mail.attempt == 1]


def one(playbook: Play) -> tuple[Playbook, Panel]:
    play, panel = playbook(sites=[a_fire_site()], centre=the_centre(), sources=SOURCES), Panel("1001")
    play >> panel.null()
    play << ...
    return play, panel


def many(
    playbook: Play, count: int = MANY, *, services: tuple[str, ...] = ("alarm_monitoring",)
) -> tuple[Playbook, list[Panel]]:
    """So many sites of one operator, and one of another that goes on."""
    play = playbook(sites=[], centre=the_centre(), sources=SOURCES)
    sites = [a_fire_site(f"S-{n}", account=f"{n:04d}", services=services) for n in range(1, count + 1)]
    for site in (*sites, a_fire_site("S-0", account="7777", operator="elisa")):
        play >> SiteImported(at=0, site=site, actor=DAEMON)
        play << ...
    panels = [Panel(f"{n:04d}") for n in range(1, count + 1)]
    says(play, panels)
    return play, panels


def says(play: Playbook, panels: Iterable[Panel]) -> None:
    for panel in panels:
        play >> panel.null()
        play << ...


def goes_on(play: Playbook, seconds: float, *panels: Panel) -> None:
    """Only these, and the one that is never lost, are heard meanwhile."""
    while seconds > 0:
        passes(play, min(20.0, seconds))
        says(play, (LIVE, *panels))
        seconds -= 20.0


def settled(play: Playbook, mail: SendMail, what: EffectOutcome = EffectOutcome.DELIVERED) -> None:
    play >> outcome(mail.id, what)
    play << ...


def test_a_line_that_is_heard_again_in_time_is_nobodys_matter(playbook: Play) -> None:
    play, panel = one(playbook)
    passes(play, 150.0)  # silent, and settling
    says(play, [panel])
    passes(play, 5.0)
    stays_up(play, 600, panel)
    assert mails_of(play) == []
    assert len(play.station.state.operator_notices) == 0


def test_one_path_of_two_is_reported_and_the_plan_knows_it(playbook: Play) -> None:
    paths = (
        TransmissionPath(id="ip", receiver="13", operator="elisa", circuit="K-9"),
        TransmissionPath(id="mobile", kind=PathKind.ALTERNATIVE, receiver="23"),
    )
    play = playbook(sites=[a_fire_site(category="DP4", paths=paths)], centre=the_centre(), sources=SOURCES)
    panel = Panel("1001")
    for receiver in ("13", "23"):
        play >> beat(receiver, panel=panel)
        play << ...
    for _ in range(4):
        passes(play, 30.0)
        play >> beat("23", panel=panel)
        play << ...
    (mail,) = mails_of(play, "fel@example.invalid")
    assert mail.subject == f"Felanmälan {mail.notice_id}: larmförbindelsen bruten, Warehouse S-1"
    assert "förbindelse fire/ip (beteckning K-9), senast hörd 04.03.2026 14:00:00" in mail.body
    settled(play, mail)
    (case,) = [case for case in play.station.state.cases.values() if case.plan]
    step = case.step("notify-operator")
    assert step is not None
    assert (step.status, step.outcome) == (StepStatus.DONE, mail.notice_id)
    assert [case.type for case in play.station.state.cases.values()] == ["service_request"]  # the system is still heard


def test_many_lines_of_one_operator_are_one_notice_and_its_end_another(playbook: Play) -> None:
    play, panels = many(playbook)
    goes_on(play, FOUND_S + 2 * TOLD_S)
    (mail,) = mails_of(play)
    assert mail.subject.endswith(f"laaja häiriö, {MANY} hälytysyhteyttä poikki")
    settled(play, mail)
    notice = play.station.state.operator_notices[mail.notice_id]
    assert (notice.count, notice.down, notice.is_wide) == (MANY, MANY, True)
    goes_on(play, 60.0, *panels[:-3])
    assert len(mails_of(play)) == 1  # three of forty are more than five in a hundred
    goes_on(play, 60.0, *panels[:-2])
    (_, over) = mails_of(play)
    assert "40 yhteydestä 38 toimii jälleen" in over.body
    assert "ilmoitetaan erikseen" in over.body
    goes_on(play, 600.0, *panels)
    assert len(mails_of(play)) == 2  # the last two came back before they were reported by themselves


def test_what_does_not_come_back_with_the_others_is_reported_by_itself(playbook: Play) -> None:
    play, panels = many(playbook)
    goes_on(play, FOUND_S + 2 * TOLD_S)
    settled(play, mails_of(play)[0])
    goes_on(play, 1100.0, *panels[:-1])
    subjects = [mail.subject for mail in mails_of(play)]
    assert len(subjects) == 3
    assert subjects[2].endswith("Warehouse S-40")


def test_lines_that_fail_soon_after_join_and_later_ones_are_news(playbook: Play) -> None:
    play, panels = many(playbook)
    soon, late = panels[-2:]
    goes_on(play, 300.0, soon, late)
    (mail,) = mails_of(play)
    assert f"{MANY - 2} hälytysyhteyttä" in mail.subject
    goes_on(play, FOUND_S + 2 * TOLD_S, late)
    assert len(mails_of(play)) == 1
    assert play.station.state.operator_notices[mail.notice_id].count == MANY - 1
    goes_on(play, 900.0, late)
    goes_on(play, FOUND_S + 2 * TOLD_S)
    assert mails_of(play)[-1].subject.endswith("Warehouse S-40")


def test_a_notice_that_never_arrived_is_a_matter_and_is_not_taken_back(playbook: Play) -> None:
    play, panel = one(playbook)
    passes(play, FOUND_S + TOLD_S)
    (mail,) = mails_of(play)
    settled(play, mail, EffectOutcome.REFUSED)
    assert play.station.state.operator_notices[mail.notice_id].is_undelivered
    (trouble,) = [case for case in play.station.state.cases.values() if "effect_failed" in case.fold_key]
    assert trouble.signals[0].signal.text == f"{mail.notice_id}: Teleoperaattori Oy"
    stays_up(play, 300, panel)
    assert len(mails_of(play)) == 1


def test_a_mail_that_waits_to_be_tried_again_is_withdrawn_when_the_line_is_back(playbook: Play) -> None:
    play, panel = one(playbook)
    passes(play, FOUND_S + TOLD_S)
    (mail,) = mails_of(play)
    for wait_s in (2.0, 8.0, 20.0, 0.0):
        settled(play, mail, EffectOutcome.FAILED)
        passes(play, wait_s)
    assert play.station.state.pending[mail.id].waiting
    says(play, [panel])
    passes(play, 5.0)
    says(play, [panel])
    passes(play, 5.0)
    assert mail.id not in play.station.state.pending
    assert len(mails_of(play)) == 1
    assert play.station.state.operator_notices[mail.notice_id].over_at is not None


def test_somebody_who_works_on_the_line_has_said_so(playbook: Play) -> None:
    """The operator is spared; the arrangement's clock is not."""
    play, _ = one(playbook)
    play >> FlagStartRequested(
        at=0, kind=FlagKind.MAINTENANCE, site_id="S-1", scope=Scope(categories=(Category.SUPERVISION,)),
        until=play.now + 7200 * NS, reason="new router", actor=SUPERVISING, verified_how="work_order", work_order="W-1",
        owner="kaisa",
    )  # fmt: skip
    play << ...
    assert len(play.station.state.flags) == 1
    passes(play, FOUND_S + TOLD_S)
    assert mails_of(play) == []
    assert [case.type for case in play.station.state.cases.values()] == ["arrangement"]


def test_an_operator_with_a_system_of_its_own_is_told_there(playbook: Play) -> None:
    play = playbook(sites=[a_fire_site(operator="machine")], centre=the_centre(), sources=SOURCES)
    panel = Panel("1001")
    says(play, [panel])
    passes(play, FOUND_S + TOLD_S)
    (fault,) = [each for each in play.effects if isinstance(each, PostWebhook)]
    assert (fault.topic, fault.url) == ("line.fault", "http://127.0.0.1:1/faults")
    assert fault.payload["lines"] == [{"line": "S-1/fire/mobile", "last_heard_ns": START}]
    play >> outcome(fault.id, EffectOutcome.DELIVERED)
    play << ...
    (case,) = [case for case in play.station.state.cases.values() if case.type == "arrangement"]
    assert case.state == "operator_notified"
    stays_up(play, 180, panel)
    posts = [each for _, stepped in play.history for each in stepped.effects if isinstance(each, PostWebhook)]
    assert [post.topic for post in posts] == ["line.fault", "line.over"]


def test_a_notice_is_forgotten_a_month_after_its_end(playbook: Play) -> None:
    play, panel = one(playbook)
    passes(play, FOUND_S + TOLD_S)
    stays_up(play, 180, panel)
    (notice,) = play.station.state.operator_notices.values()
    assert play.deadlines()[f"notice/{notice.id}/forget"] == pytest.approx(30 * 86_400, abs=200)


def test_an_answer_needs_something_in_it(playbook: Play) -> None:
    play, _ = one(playbook)
    play >> OperatorAnswered(at=0, notice_id="N1", actor=OPERATOR, ticket="1")
    play << "refused notice.unknown: No notice N1; `arcctl notices list` lists them."
    passes(play, FOUND_S + TOLD_S)
    (mail,) = mails_of(play)
    play >> OperatorAnswered(at=0, notice_id=mail.notice_id, actor=OPERATOR, ticket=" ")
    play << "refused notice.answer: Say the ticket number, the answer, or both, in 1 to 500 characters."
    for said in ({"ticket": "1", "repair_expected_at": START + NS}, {"answer": "Ready at four"}):
        play >> OperatorAnswered(at=0, notice_id=mail.notice_id, actor=OPERATOR, **said)  # type: ignore[arg-type]  # – as told
        play << ...
    notice = play.station.state.operator_notices[mail.notice_id]
    assert (notice.ticket, notice.answer, notice.repair_expected_at) == ("1", "Ready at four", START + NS)


def test_many_fire_lines_have_each_its_clock_and_call_a_few_times(playbook: Play) -> None:
    """requirements 4.4 (3d), 4.10: the clock runs whatever a storm suppresses; a list at 45 minutes, no flood at 60."""
    count = AT_ONCE_MAX + 30
    play, _ = many(playbook, count, services=("alarm_monitoring", "line_supervision"))
    goes_on(play, FOUND_S)
    goes_on(play, 40.0)
    (mail,) = mails_of(play)
    settled(play, mail)
    goes_on(play, 40.0)
    cases = [case for case in play.station.state.cases.values() if case.type == "arrangement"]
    assert len(cases) == count
    assert {(case.state, case.priority) for case in cases} == {("operator_notified", Priority.P4)}
    assert {case.form["fault_since"] for case in cases} == {str(START)}
    assert all(each.informed[0].party == f"notice/{mail.notice_id}" for each in cases)  # nobody else was written to
    goes_on(play, 46 * 60.0 - (play.now - START) / NS)
    paged = mails_of(play, "duty@example.invalid")
    cases = [case for case in play.station.state.cases.values() if case.type == "arrangement"]
    assert {case.attention for case in cases} == {0}
    goes_on(play, 61 * 60.0 - (play.now - START) / NS)
    cases = [case for case in play.station.state.cases.values() if case.type == "arrangement"]
    assert {(case.state, case.priority) for case in cases} == {("threshold", Priority.P2)}
    assert all(case.attention >= 1 for case in cases)
    about = [mail for mail in mails_of(play, "duty@example.invalid")[len(paged) :] if "time limit" in mail.body]
    assert len(about) == CALLS_MAX


def test_a_notice_names_so_many_lines_and_counts_the_rest(playbook: Play) -> None:
    play, _ = many(playbook, LISTED_MAX + 5)
    goes_on(play, FOUND_S + 2 * TOLD_S)
    (mail,) = mails_of(play)
    notice = play.station.state.operator_notices[mail.notice_id]
    assert (len(notice.lines), notice.count) == (LISTED_MAX, LISTED_MAX + 5)
    assert mail.body.count("viimeksi kuultu") == LISTED_MAX


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_text_is_filled_in(language: str) -> None:
    names = (
        "notice_id", "site_name", "site_address", "lines", "centre_name", "phone", "count", "path", "heard", "circuit",
        "over", "lasted", "ticket", "up", "rest", "state", "since", "down", "text", "case_id", "system",
    )  # fmt: skip
    for name, texts in TEXTS.items():
        assert "{" not in render(texts[language], dict.fromkeys(names, "x")), name


@pytest.mark.parametrize(
    ("seconds", "language", "text"),
    [
        (0, "en", "0 s"), (59.6, "en", "1 min"), (4320, "fi", "1 h 12 min"), (90_061, "fi", "1 vrk 1 h"),
        (86_400, "sv", "1 d"), (-5, "sv", "0 s"),
    ],
)  # fmt: skip
def test_durations_are_read_at_a_glance(seconds: float, language: str, text: str) -> None:
    assert duration_text(seconds, language) == text
