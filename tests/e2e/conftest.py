from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.installations import small_centre
from tests.guards import Letters, WebhookGuards, mail_server, silent, webhook_guards
from tests.process import Daemon, Installation, free_ports


@dataclass
class Centre:
    """An installation with a daemon on it, the guards' web server and everybody's mail."""

    installation: Installation
    daemon: Daemon
    guards: WebhookGuards
    letters: Letters


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    webhook_port, smtp_port = free_ports(2)
    directory = tmp_path_factory.mktemp("arcd")
    installation = small_centre(directory, webhook_port=webhook_port, smtp_port=smtp_port)
    with (
        webhook_guards(installation.webhook_secret, {"first": silent}, webhook_port) as guards,
        mail_server(smtp_port) as letters,
        installation.running(fresh=True) as daemon,
    ):
        yield Centre(installation, daemon, guards, letters)
