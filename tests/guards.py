"""Guard companies as arcd meets them: a web server that takes signed offers, a mail server that takes letters.

One rule: they behave as far ends do. A repeated offer is recognised by its key, an answer is repeated until arcd has
taken it or refused it, and what a guard is like (prompt, silent, unwilling) is a function the test gives.
"""

from __future__ import annotations

import contextlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.process import until

ANSWER_AGAIN_S = 0.2
ANSWER_TIMEOUT_S = 60.0
LINK = re.compile(r"http://127\.0\.0\.1:\d+/g/\S+")

# Given an offer, the answer that the guard sends at once ("accept", "decline"), or None: silence.
Manner = Callable[[dict[str, Any]], str | None]


def silent(offer: dict[str, Any]) -> None:
    return None


@dataclass
class Offer:
    guard: str
    payload: dict[str, Any]
    key: str  # Idempotency-Key: the effect's id
    answer: str | None = None
    status: int | None = None  # what arcd said to the answer


@dataclass
class WebhookGuards:
    """Every guard has a path of its own, `/<guard id>`; `offers` are the distinct ones, `repeats` counts the rest."""

    secret: str
    manners: dict[str, Manner]
    offers: list[Offer] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)  # offer ids
    repeats: int = 0
    unsigned: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._closing = threading.Event()
        self._answering = ThreadPoolExecutor(max_workers=8, thread_name_prefix="guard")

    def url(self, guard: str) -> str:
        return f"http://127.0.0.1:{self.port}/{guard}"

    def offers_of(self, case_id: str) -> list[Offer]:
        with self._lock:
            return [offer for offer in self.offers if offer.payload["case"] == case_id]

    def take(self, guard: str, headers: Any, body: bytes) -> None:
        signed = hmac.digest(self.secret.encode(), headers["Arcd-Timestamp"].encode() + b"." + body, "sha256").hex()
        with self._lock:
            if headers["Arcd-Signature"] != f"v1={signed}":
                self.unsigned += 1
                return
            key = headers["Idempotency-Key"]
            if key in self._seen:
                self.repeats += 1
                return
            self._seen.add(key)
            payload = msgspec.json.decode(body)
            if headers["Arcd-Topic"] != "dispatch.offer":
                self.withdrawn.append(payload["offer"])
                return
            offer = Offer(guard, payload, key, self.manners[guard](payload))
            self.offers.append(offer)
        if offer.answer is not None:
            self._answering.submit(self._answer, offer)

    def _answer(self, offer: Offer) -> None:
        """As an app does that has lost its connection: again, until somebody has said yes or no."""
        give_up_s = time.monotonic() + ANSWER_TIMEOUT_S
        with httpx.Client(trust_env=False, timeout=5.0) as client:
            while time.monotonic() < give_up_s and not self._closing.is_set():
                with contextlib.suppress(httpx.TransportError):
                    said = client.post(offer.payload["links"][offer.answer], json={"eta_minutes": 12})
                    if said.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                        offer.status = said.status_code
                        return
                self._closing.wait(ANSWER_AGAIN_S)

    def close(self) -> None:
        self._closing.set()
        self._answering.shutdown()


@contextlib.contextmanager
def webhook_guards(secret: str, manners: dict[str, Manner], port: int) -> Iterator[WebhookGuards]:
    guards = WebhookGuards(secret, manners, port=port)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the daemon was killed in the middle of it: no request has been made
            guards.take(self.path.strip("/"), self.headers, body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 – http.server's own name
            """pytest's output is not an access log."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="webhook guards")
    thread.start()
    try:
        yield guards
    finally:
        guards.close()
        server.shutdown()
        server.server_close()
        thread.join()


# ---------------------------------------------------------------------------------------------------------------- mail


class Letters:
    """A mail server's inbox; guards who read their mail find their link in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: list[tuple[str, EmailMessage]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 – aiosmtpd's
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        with self._lock:
            self._letters += [(recipient, message) for recipient in envelope.rcpt_tos]
        return "250 2.0.0 OK: queued as 4F2A9C"

    def to(self, recipient: str) -> list[str]:
        """The texts of this person's letters, oldest first."""
        with self._lock:
            found = [message for to, message in self._letters if to == recipient]
        return [str(message.get_content()) for message in found]

    def link_for(self, recipient: str) -> str:
        """The link in the newest letter that has one; waits for it."""

        def newest() -> str:
            found = [link for text in self.to(recipient) for link in LINK.findall(text)]
            return found[-1] if found else ""

        return str(until(f"a letter with a link to {recipient}", newest))


@contextlib.contextmanager
def mail_server(port: int) -> Iterator[Letters]:
    letters = Letters()
    controller = Controller(letters, hostname="127.0.0.1", port=port, ready_timeout=ANSWER_TIMEOUT_S)
    controller.start()
    try:
        yield letters
    finally:
        controller.stop()
