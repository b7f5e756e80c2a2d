from __future__ import annotations

from pathlib import Path

import pytest

from arcd.core.case.authority.policy import Connector
from arcd.credentials import CredentialError
from arcd.effectors.cap_file import CapInbox
from arcd.escalation import Escalation
from arcd.settings import EscalationSettings, Secret


def settings(connector: Connector, directory: Path) -> EscalationSettings:
    secret = directory / "secret"
    secret.write_text("a secret of both sides\n")
    secret.chmod(0o600)
    return EscalationSettings(
        connector=connector,
        url="https://psap.example.org/cap",
        directory=directory / "cap",
        sender="arc.example.org",
        secret=Secret(credential="authority-secret", file=secret),
    )


async def take(content: bytes) -> bool:
    return True


def test_the_telephone_needs_nothing(tmp_path: Path) -> None:
    escalation = Escalation(settings(Connector.MANUAL_PHONE, tmp_path), lambda: 0)
    assert (escalation.effectors, escalation.answers, escalation.inbox(take)) == ((), None, None)
    assert not (tmp_path / "cap").exists()


async def test_by_http(tmp_path: Path) -> None:
    escalation = Escalation(settings(Connector.CAP_HTTP, tmp_path), lambda: 0)
    (effector,) = escalation.effectors
    await effector.close()
    assert (effector.name, escalation.answers is not None, escalation.inbox(take)) == ("cap_http", True, None)


def test_by_files(tmp_path: Path) -> None:
    escalation = Escalation(settings(Connector.CAP_FILE, tmp_path), lambda: 0)
    (effector,) = escalation.effectors
    assert (effector.name, escalation.answers) == ("cap_file", None)
    assert isinstance(escalation.inbox(take), CapInbox)


def test_a_secret_that_is_missing_is_found_at_the_start(tmp_path: Path) -> None:
    told = settings(Connector.CAP_HTTP, tmp_path)
    (tmp_path / "secret").unlink()
    with pytest.raises(CredentialError, match="cannot read"):
        Escalation(told, lambda: 0)
