"""How this daemon reaches an authority's machine, put together from the settings.

One rule: with `manual_phone`, the default, there is nothing here at all. 112 is never dialled: no connector can.
"""

from __future__ import annotations

from collections.abc import Callable

from arcd.api.authority import AnswerCheck
from arcd.core.case.authority.policy import Connector
from arcd.credentials import read_secret
from arcd.effectors import Effector
from arcd.effectors.cap_file import CapFileEffector, CapInbox, Take
from arcd.effectors.cap_http import CapHttpEffector
from arcd.settings import EscalationSettings


class Escalation:
    """CredentialError and ValueError say what is wrong with the settings."""

    def __init__(self, settings: EscalationSettings, now: Callable[[], int]) -> None:
        self._settings = settings
        self.effectors: tuple[Effector, ...] = ()
        self.answers: AnswerCheck | None = None  # for the guards' listener
        match settings.connector:
            case Connector.CAP_HTTP:
                assert settings.url is not None, "the settings were checked"
                secret = read_secret(settings.secret.credential, file=settings.secret.file).get_secret_value().encode()
                self.effectors = (
                    CapHttpEffector(
                        url=settings.url,
                        secret=secret,
                        now=now,
                        ca_file=settings.ca_file,
                        certificate=settings.certificate,
                    ),
                )
                self.answers = AnswerCheck(secret)
            case Connector.CAP_FILE:
                assert settings.directory is not None, "the settings were checked"
                self.effectors = (CapFileEffector(settings.directory),)
            case Connector.MANUAL_PHONE:
                pass

    def inbox(self, take: Take) -> CapInbox | None:
        """Where answers come in by file."""
        directory = self._settings.directory
        if self._settings.connector is not Connector.CAP_FILE or directory is None:
            return None
        return CapInbox(directory, take)
