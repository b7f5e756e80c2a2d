"""What `make run` needs before the first start.

One rule: it makes what is missing and never touches what is there.
"""

from __future__ import annotations

from pathlib import Path

from arcd.credentials import create_kek
from arcd.settings import Settings


def prepare_demo(settings: Settings) -> list[Path]:
    """Make the directories and secrets that `make run` needs and that are missing; returns what was made."""
    made: list[Path] = []
    for directory in {settings.store.path.parent, settings.api.socket.parent}:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.kek.file is not None and not settings.kek.file.exists():
        create_kek(settings.kek.file)
        made.append(settings.kek.file)
    secret_file = settings.webhook.secret.file if settings.webhook is not None else None
    if secret_file is not None and not secret_file.exists():
        create_kek(secret_file)  # 32 random bytes as hex are a webhook secret as well
        made.append(secret_file)
    audit_key = settings.audit.key.file
    if settings.audit.origin and audit_key is not None and not audit_key.exists():
        create_kek(audit_key)  # an Ed25519 key is 32 random bytes too (RFC 8032 5.1.5)
        made.append(audit_key)
    for directory in settings.audit.directories:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    return made
