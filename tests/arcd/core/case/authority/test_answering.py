"""What operators may ask and must write down, and what the authority's machine may say in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.case.authority.model import NEWS_MAX, AuthorityStatus
from arcd.core.facts import AuthorityUnreadable
from protocols.cap.message import MsgType, Status
from tests.arcd.core.case.authority.scene import (
    PHONE,
    Play,
    answer,
    ask,
    begin,
    call,
    sent,
    told,
)
from tests.playbook import NS, CaseMoveRequested, Playbook, move

S = AuthorityStatus


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (ask("update", text="x"), "refused authority.not_told: The authority has not been told yet; use notify."),
        (
            ask("cancel", reason="x"),
            "refused authority.not_told: The authority has not been told, so there is nothing to cancel.",
        ),
        (ask("level", reason="x"), "refused authority.level: A verification level is 0 to 4."),
        (ask("level", reason="x", level=5), "refused authority.level: A verification level is 0 to 4."),
        (ask("level", level=2), "refused authority.reason: Say why (--reason)."),
        (
            ask("notify", reason="x" * 501),
            "refused authority.length: Say it shorter: a reason at most 500 characters, a text 2000.",
        ),
        (
            ask("notify", seen_version=1),
            "refused step.lock: C11 has changed since you looked (version 2); look again.",
        ),
    ],
)
def test_what_is_refused(playbook: Play, asked: object, refusal: str) -> None:
    play = begin(playbook, "BA")
    play >> asked << refusal  # type: ignore[operator]


def test_a_reason_is_asked_for_in_the_words_of_what_stands_against_it(playbook: Play) -> None:
    play = begin(playbook, "BA")
    play >> ask("notify") << ...
    (refused,) = [effect for effect in play.effects if getattr(effect, "granted", True) is False]
    assert refused.rule == "gate.confirm"  # type: ignore[union-attr]
    assert refused.message == (  # type: ignore[union-attr]
        "Confirm with a reason (--reason): Unconfirmed (level 1): for keyholders and a guard."
    )


def test_no_such_case(playbook: Play) -> None:
    play = begin(playbook, "BA")
    asked = ask("notify")
    play >> type(asked)(**{**{n: getattr(asked, n) for n in asked.__struct_fields__}, "case_id": "C99"})
    play << "refused case.unknown: No case C99 is open."


def test_an_update_needs_words(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> ask("update", text=" ") << "refused authority.text: Say what is new (--text)."


# -------------------------------------------------------------------------------------------- the telephone's record


@pytest.mark.parametrize(
    ("made", "refusal"),
    [
        (call(reference=""), "Still to be filled in: reference."),
        (call(person=" ", reference=""), "Still to be filled in: person, reference."),
        (call("rejected", person=""), "Still to be filled in: person."),
        (call("no_answer", number=""), "Still to be filled in: number."),
    ],
)
def test_mandatory_fields(playbook: Play, made: object, refusal: str) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    play >> made << f"refused authority.fields: {refusal}"  # type: ignore[operator]


def test_a_field_has_a_length(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    play >> call(reference="x" * 201) << "refused authority.length: A field has at most 200 characters."


def test_a_call_lies_in_the_time_of_the_case(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    made = call()(play.now)
    for called_at in (play.now - 3600 * NS, play.now + 3600 * NS):
        changed = type(made)(**{**{n: getattr(made, n) for n in made.__struct_fields__}, "called_at": called_at})
        play >> changed << "refused authority.called_at: The call lies between the opening of the case and now."


def test_a_call_nobody_asked_for_is_recorded_beside_what_the_gate_thinks(playbook: Play) -> None:
    play = begin(playbook, "BA", policy=PHONE)
    play >> call() << ...
    assert (told(play).status, told(play).reference) == (S.ACCEPTED, "P-77")
    assert any(note.detail.get("because") == "level_1" for note in play.stepped.record.notes)
    assert play.case("C11").acknowledged_by == "os:matti"


def test_busy_is_an_attempt_and_no_end(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    play >> call("busy", person="", reference="") << ...
    play >> call("no_answer", person="", reference="") << ...
    task = told(play).open_phone
    assert task is not None
    assert [each.answer for each in task.calls] == ["busy", "no_answer"]


# ------------------------------------------------------------------------------------------------ the machine's answers


def test_a_repeated_answer_changes_nothing(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> answer(sent(play)[0]) << ...
    before = told(play)
    play >> answer(sent(play)[0])
    (
        play
        << """
        authority.repeated C11 identifier=psap-1
        granted C11
    """
    )
    assert told(play) == before


def test_an_older_decision_that_comes_late_is_outdated(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> answer(sent(play)[0], identifier="psap-2", later_s=5) << ...
    play >> answer(sent(play)[0], MsgType.ERROR, "REJECTED;reason=x", identifier="psap-1", later_s=1) << ...
    assert (told(play).status, told(play).news[-1].kind) == (S.ACCEPTED, "outdated")


def test_a_newer_decision_wins(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> answer(sent(play)[0], identifier="psap-1") << ...
    play >> answer(sent(play)[0], MsgType.ERROR, "REJECTED;reason=x", identifier="psap-2", later_s=5) << ...
    assert told(play).status is S.REJECTED
    assert told(play).open_phone is not None


def test_news_before_the_decision_are_kept_and_decide_nothing(playbook: Play) -> None:
    play = begin(playbook, "HA")
    first = sent(play)[0]
    play >> answer(first, MsgType.UPDATE, "Unit 12 on its way", identifier="u1", psap_status="dispatched") << ...
    assert told(play).status is S.SENT
    play >> answer(first, identifier="a1") << ...
    assert [(news.kind, news.status) for news in told(play).news] == [("update", "dispatched"), ("accepted", "")]


def test_a_receipt_is_no_acceptance(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> answer(sent(play)[0], note="received") << ...
    assert (told(play).status, told(play).news[-1].kind) == (S.SENT, "receipt")


def test_a_question_calls_for_a_person(playbook: Play) -> None:
    play = begin(playbook, "HA")
    attention = play.case("C11").attention
    asked = answer(sent(play)[0], MsgType.UPDATE, "When is the key there?", identifier="q", psap_status="question")
    play >> asked << ...
    assert play.case("C11").attention == attention + 1
    assert "When is the key there?" in str(play.stepped.record.notes)


def test_an_exercise_does_not_stand_for_the_real_thing(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> answer(sent(play)[0], status=Status.EXERCISE) << ...
    assert (told(play).status, told(play).news[-1].kind) == (S.SENT, "status_differs")


def test_an_answer_to_nothing_of_ours_is_put_before_a_person(playbook: Play) -> None:
    play = begin(playbook, "HA")
    from msgspec.structs import replace

    stranger = replace(sent(play)[0], identifier="somebody-else")
    play >> answer(stranger) << ...
    assert "C12" in play.station.state.cases
    assert [e.rule for e in play.effects if hasattr(e, "rule")] == ["authority.unknown"]
    changed = replace(sent(play)[0], sent="2026-03-04T14:00:01+02:00")
    play >> answer(changed) << ...
    assert [e.rule for e in play.effects if hasattr(e, "rule")] == ["authority.unknown"], "the whole triple counts"


def test_what_nobody_can_read_is_put_before_a_person_of_every_case_that_waits(playbook: Play) -> None:
    play = begin(playbook, "HA")
    attention = play.case("C11").attention
    play >> AuthorityUnreadable(at=0, source="cap_http", reason="xml", detail="not well-formed at line 1", raw=b"<")
    play << ...
    assert play.case("C11").attention == attention + 1
    assert "C12.2" in play.station.state.cases, "and in the queue by itself"


def test_an_answer_after_the_end_is_kept(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> call() << ...
    play >> move("acknowledge", case_id="C11") << ...
    closing: CaseMoveRequested = move(
        "close", case_id="C11", form={"disposition": "real_other", "note": "The police have it."}
    )
    play >> closing << ...
    assert not play.case("C11").is_open
    play >> answer(sent(play)[0]) << ...
    assert (told(play).status, told(play).news[-1].kind) == (S.CLOSED, "accepted")


def test_what_is_kept_is_bounded(playbook: Play) -> None:
    play = begin(playbook, "HA")
    first = sent(play)[0]
    for number in range(NEWS_MAX + 5):
        play >> answer(first, MsgType.UPDATE, f"news {number}", identifier=f"u{number}") << ...
    assert (len(told(play).news), told(play).news[-1].text) == (NEWS_MAX, f"news {NEWS_MAX + 4}")


BY_PEOPLE = ("notify", "notify!", "update", "cancel", "level0", "level3", "call")
ACTIONS = st.sampled_from([*BY_PEOPLE, "accept", "reject", "update-in", "wait", "bad"])


@given(st.lists(ACTIONS, max_size=8), st.sampled_from(["HA", "BA"]))
def test_whatever_happens_there_is_one_alert_a_case_and_none_at_level_0(actions: list[str], code: str) -> None:
    """Any order of what people, machines and time may do."""
    play = begin(lambda **scene: Playbook(**scene), code)
    for number, action in enumerate(actions):
        _do(play, action, number)
    alerts = sent(play)
    assert len({alert.identifier for alert in alerts if alert.msg_type is MsgType.ALERT}) <= 1
    for alert in alerts:
        level = alert.infos[0].parameter("avs-level")
        assert level != "0" or alert.msg_type is MsgType.CANCEL
        assert alert.msg_type is MsgType.ALERT or alert.references
    play.end()


def _do(play: Playbook, action: str, number: int) -> None:
    from tests.playbook import After

    latest = sent(play)[-1] if sent(play) else None
    identifier = f"psap-{number}"
    match action:
        case "notify!":
            play >> ask("notify", reason="sure") << ...
        case "level0" | "level3":
            play >> ask("level", level=int(action[-1]), reason="seen") << ...
        case "accept" if latest is not None:
            play >> answer(latest, identifier=identifier) << ...
        case "reject" if latest is not None:
            play >> answer(latest, MsgType.ERROR, "REJECTED;reason=x", identifier=identifier) << ...
        case "update-in" if latest is not None:
            play >> answer(latest, MsgType.UPDATE, "on the way", identifier=identifier) << ...
        case "call":
            play >> call() << ...
        case "wait":
            play >> After(61) << ...
        case "bad":
            play >> AuthorityUnreadable(at=0, source="cap_http", reason="xml", detail="x", raw=b"<") << ...
        case "notify" | "update" | "cancel":
            play >> ask(action, reason="why", text="what") << ...
        case _:
            pass
