from __future__ import annotations

import msgspec

from arcd.core.case.authority.model import (
    TOLD,
    AuthorityNotification,
    AuthorityStatus,
    PhoneTask,
    Purpose,
    SentMessage,
)
from tests.protocols.cap.alerts import FULL

TASK = PhoneTask(asked_at=1, purpose=Purpose.NOTIFY, because="asked")


def test_only_the_last_task_can_be_open() -> None:
    settled = PhoneTask(asked_at=1, purpose=Purpose.NOTIFY, because="asked", settled_at=2, settled_how="called")
    assert AuthorityNotification(created_at=1).open_phone is None
    assert AuthorityNotification(created_at=1, phone=(settled,)).open_phone is None
    assert AuthorityNotification(created_at=1, phone=(settled, TASK)).open_phone == TASK


def test_told_is_everything_but_waiting_and_given_up() -> None:
    untold = {AuthorityStatus.CREATED, AuthorityStatus.GATED, AuthorityStatus.CLOSED}
    assert set(AuthorityStatus) - untold == TOLD


def test_a_message_is_found_by_its_identifier() -> None:
    message = SentMessage(alert=FULL, purpose=Purpose.UPDATE)
    notification = AuthorityNotification(created_at=1, messages=(message,))
    assert notification.message(FULL.identifier) == notification.first == message
    assert notification.message("other") is None


def test_it_survives_a_checkpoint() -> None:
    notification = AuthorityNotification(
        created_at=1, phone=(TASK,), messages=(SentMessage(alert=FULL, purpose=Purpose.UPDATE),)
    )
    again = msgspec.json.decode(msgspec.json.encode(notification), type=AuthorityNotification)
    assert again == notification
