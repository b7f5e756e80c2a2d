"""A cloud panel that posts JSON: one message, and what it was told.

One rule: 200 is success and nothing else is; the token is sent and never shown.
"""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from arcd.cli.failures import UsageError
from arcd.cli.simulated import Answer, Made, Saying, Where, shortened
from arcd.cli.source_files import read_text

PATH = "/v1/signals"


class JsonOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the system's sources in the site base: the file with its token."""

    token_file: str = ""

    def token(self) -> str:
        token = read_text(Path(self.token_file)).strip()
        if not token or not token.isascii() or not token.isprintable():
            raise UsageError(f"{self.token_file} holds no token: letters and digits on one line")
        return token


def make_post(saying: Saying, options: JsonOptions) -> Made:
    """ValueError without a token's file."""
    if not options.token_file:
        raise ValueError("say who we are: --option token_file=PATH")
    message: dict[str, Any] = {"id": f"{saying.run}-{saying.number}"}
    event = saying.event
    if event is None:
        message["alive"] = True
    else:
        code = None if event.code is None else event.code.upper()
        named = {"code": code, "zone": event.zone, "area": event.area, "user": event.user, "text": event.text}
        message |= {name: value for name, value in named.items() if value is not None}
        if event.qualifier != "new":
            message["qualifier"] = event.qualifier
    body = json.dumps(message, ensure_ascii=False)
    return Made(body, (body.encode(),), options)


class JsonCarrier:
    def __init__(self, where: Where) -> None:
        receiver = self._receiver = where.receiver
        host = f"[{receiver.host}]" if ":" in receiver.host else receiver.host
        self._base_url = f"{'https' if where.is_tls else 'http'}://{host}:{receiver.port}"
        self._trust: ssl.SSLContext | bool = receiver.tls_context() if where.is_tls else True
        self._extensions = {} if receiver.server_name is None else {"sni_hostname": receiver.server_name}
        self._client: httpx.Client | None = None

    def open(self) -> None:
        pass

    def deliver(self, made: Made, timeout_s: float) -> Answer:
        (body,) = made.parts
        headers = {"Authorization": f"Bearer {made.options.token()}", "Content-Type": "application/json"}
        if self._client is None:
            self._client = httpx.Client(base_url=self._base_url, verify=self._trust, trust_env=False)
        try:
            answer = self._client.post(
                PATH, content=body, headers=headers, timeout=timeout_s, extensions=self._extensions
            )
        except httpx.ConnectError as error:
            raise self._receiver.failure(_cause(error)) from error
        except httpx.TransportError as error:
            return Answer(None, shortened(str(error) or "nothing came in time"))
        try:
            said = answer.json()
        except ValueError:
            said = None
        message = said.get("message", "") if isinstance(said, dict) else ""
        return Answer(
            "ack" if answer.status_code == 200 else "nak", shortened(f"{answer.status_code} {message}".strip())
        )

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _cause(error: BaseException) -> OSError:
    """What httpx wraps twice."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLError | ConnectionRefusedError | TimeoutError):
            return found
        found = found.__cause__ or found.__context__
    return OSError(str(error))
