"""What an authority that has been told learns later: news, a higher level, that it is over (requirements 4.9).

One rule: it hears it by the way it was told, and of the end at once. What a step has changed about a case is enough to
know that; nobody has to remember to say it.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.authority import gate, words
from arcd.core.case.authority.model import AuthorityNotification, AuthorityStatus, Purpose
from arcd.core.case.authority.notifying import (
    call_by_phone,
    policy_of,
    send,
    settle_phone,
    stop_waiting,
    was_called,
)
from arcd.core.case.casebook import save
from arcd.core.case.model import Case
from arcd.core.turn import Turn, text_in
from protocols.signals import Category

S = AuthorityStatus


def tell(turn: Turn, case: Case, purpose: Purpose, text: str) -> Case:
    """News about, or the end of, what the authority has been told: by the way it was told."""
    notification = case.authority
    assert notification is not None
    if purpose is Purpose.CANCEL:
        case = _cancelled(turn, case, notification)
        notification = case.authority
        assert notification is not None
    first, by_machine = notification.first, False
    if first is not None and policy_of(turn).is_machine and first.answer not in ("rejected", "undelivered"):
        case = send(turn, case, purpose, text)
        by_machine = True
        if first.answer == "accepted" and notification.actual:
            return case
    # A machine that has not answered, or an exercise, has told nobody. Whoever heard it by telephone hears this so too.
    is_expected = purpose is Purpose.UPDATE and (notification.open_phone is not None or not by_machine)
    if was_called(notification) or is_expected:
        return call_by_phone(turn, case, purpose.value, purpose=purpose, text=text)
    return case


def _cancelled(turn: Turn, case: Case, notification: AuthorityNotification) -> Case:
    stop_waiting(turn, case.id)
    case = settle_phone(turn, case, "cancelled")
    notification = case.authority or notification
    case = replace(case, authority=replace(notification, status=S.CANCELLED, awaiting="", told_cancel=True))
    turn.note("authority.cancelled", case.id)
    return case


def keep_up(turn: Turn) -> None:
    """What a step has changed about a case whose authority has been told, the authority learns at once (4.9)."""
    for case_id in _concerned(turn):
        case = turn.state.cases.get(case_id)
        if case is not None and case.is_open and case.authority is not None and case.authority.is_told:
            followed = _follow(turn, case, case.authority)
            if followed is not case:
                save(turn, followed)


def _concerned(turn: Turn) -> dict[str, None]:
    """Cases this step has changed; and those beside a cancel that has come, because it is about them."""
    concerned: dict[str, None] = {}
    for case_id in turn.state.changed_keys(turn.state.cases):
        concerned[case_id] = None
        case = turn.state.cases.get(case_id)
        if case is not None and case.category is Category.CANCEL:
            concerned.update(dict.fromkeys(turn.state.open_by_site.get(case.site_id) or ()))
    return concerned


def _follow(turn: Turn, case: Case, notification: AuthorityNotification) -> Case:
    if notification.status is S.CANCELLED:
        return case
    language, level = turn.centre.language, gate.level_of(case)
    if level == 0:
        return tell(turn, case, Purpose.CANCEL, text_in(words.LEVELS[0], language))
    if gate.is_cancelled(turn, case) and not notification.told_cancel:
        if not gate.is_life_safety(case):
            return tell(turn, case, Purpose.CANCEL, text_in(words.CANCELLED_BY_USER, language))
        case = replace(case, authority=replace(notification, told_cancel=True))
        return tell(turn, case, Purpose.UPDATE, text_in(words.CANCEL_NOT_BELIEVED, language))
    if level > notification.told_level:
        case = replace(case, authority=replace(notification, told_level=level))
        return tell(turn, case, Purpose.UPDATE, text_in(words.LEVELS[level], language))
    return case
