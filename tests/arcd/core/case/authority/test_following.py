"""What an authority that was told hears later: news, a higher level, the end."""

from __future__ import annotations

from arcd.core.case.authority.model import AuthorityStatus, Purpose
from arcd.core.facts import EffectOutcome
from protocols.cap.message import Certainty, MsgType, Severity
from tests.arcd.core.case.authority.scene import PHONE, Play, answer, ask, begin, call, deliver, panel_says, sent, told
from tests.playbook import After, Playbook

S = AuthorityStatus


def accepted_case(playbook: Play, code: str = "HA", cancel: str = "log") -> Playbook:
    play = begin(playbook, code, cancel=cancel)
    if code != "HA":
        play >> ask("level", level=3, reason="Seen on camera") << ...
        play >> ask("notify") << ...
    deliver(play)
    play >> answer(sent(play)[0]) << ...
    return play


def test_news_of_an_operator_is_an_update_about_the_first(playbook: Play) -> None:
    play = accepted_case(playbook)
    play >> ask("update", text="Two people have left") << ...
    first, update = sent(play)
    assert (update.msg_type, update.note, update.references) == (
        MsgType.UPDATE,
        "Two people have left",
        (first.reference,),
    )
    assert update.status is first.status
    assert not [key for key in play.deadlines() if "authority" in key], "news may go unanswered"


def test_an_update_that_does_not_get_through_is_told_by_telephone(playbook: Play) -> None:
    play = accepted_case(playbook)
    play >> ask("update", text="Two people have left") << ...
    deliver(play, EffectOutcome.REFUSED)
    task = told(play).open_phone
    assert task is not None
    assert (task.purpose, task.text) == (Purpose.UPDATE, "Two people have left")
    play >> call() << ...
    assert (told(play).open_phone, told(play).reference) == (None, "2026-1"), "that call reported nothing new"


def test_a_level_that_rises_is_told(playbook: Play) -> None:
    play = accepted_case(playbook)
    play >> ask("level", level=4, reason="Shots heard") << ...
    assert sent(play)[-1].msg_type is MsgType.UPDATE
    info = sent(play)[-1].infos[0]
    assert (info.parameter("avs-level"), info.severity, info.certainty) == ("4", Severity.EXTREME, Certainty.OBSERVED)


def test_a_level_that_drops_to_nothing_cancels_at_once(playbook: Play) -> None:
    play = accepted_case(playbook)
    play >> ask("level", level=0, reason="Button pressed by mistake") << ...
    cancel = sent(play)[-1]
    assert (cancel.msg_type, cancel.references) == (MsgType.CANCEL, (sent(play)[0].reference,))
    assert told(play).status is S.CANCELLED
    deliver(play)
    play >> After(60) << ...
    task = told(play).open_phone
    assert task is not None
    assert task.purpose is Purpose.CANCEL, "that nobody needs to come must be known to have arrived"
    play >> answer(cancel, note="ACCEPTED", identifier="psap-2") << ...
    assert (told(play).open_phone, told(play).status) == (None, S.CANCELLED)


def test_a_users_cancel_of_an_intrusion_cancels(playbook: Play) -> None:
    play = accepted_case(playbook, "BA")
    play >> panel_says("OC", sequence=2) << ...
    assert (sent(play)[-1].msg_type, told(play).status) == (MsgType.CANCEL, S.CANCELLED)


def test_a_users_cancel_where_life_is_at_stake_is_told_and_not_believed(playbook: Play) -> None:
    play = accepted_case(playbook, cancel="look")
    play >> panel_says("OC", sequence=2) << ...
    assert [alert.msg_type for alert in sent(play)] == [MsgType.ALERT, MsgType.UPDATE]
    assert "may have been forced" in sent(play)[-1].note
    assert told(play).status is S.ACCEPTED


def test_cancelled_by_hand(playbook: Play) -> None:
    play = accepted_case(playbook)
    play >> ask("cancel") << "refused authority.reason: Say why it is cancelled (--reason)."
    play >> ask("cancel", reason="Keyholder pressed it by mistake") << ...
    assert (sent(play)[-1].msg_type, sent(play)[-1].note) == (MsgType.CANCEL, "Keyholder pressed it by mistake")
    play >> ask("cancel", reason="again") << "refused authority.cancelled: It is cancelled already."
    play >> ask("update", text="still here")
    play << "refused authority.cancelled: It was cancelled; notify again, with the reason."


def test_cancelled_before_anybody_called_nobody_needs_to(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    play >> ask("cancel", reason="Toast") << ...
    assert (told(play).status, told(play).open_phone) == (S.CANCELLED, None)


def test_cancelled_after_the_call_somebody_calls_again(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    play >> call() << ...
    play >> ask("cancel", reason="Toast") << ...
    task = told(play).open_phone
    assert task is not None
    assert (task.purpose, task.text) == (Purpose.CANCEL, "Toast")


def test_after_a_cancel_a_person_reports_it_anew_and_no_second_alert_is_sent(playbook: Play) -> None:
    play = accepted_case(playbook)
    play >> ask("cancel", reason="Mistake") << ...
    play >> ask("notify", reason="It was none: they were made to say so") << ...
    assert [alert.msg_type for alert in sent(play)] == [MsgType.ALERT, MsgType.CANCEL]
    task = told(play).open_phone
    assert task is not None
    assert task.because == "reported_cancelled"
