"""arcctl guard listen: a guard company's desk on this machine, so that the demo has somebody to answer.

One rule: it listens on loopback only and talks only to the links it was sent. It is a stand-in for what a guard company
runs, kept small on purpose; what arrives is shown as it came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import FindingError, UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, Output

if TYPE_CHECKING:
    import asyncio

    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK = "127.0.0.1"
# The ports that config/demo names.
WEBHOOK_PORT = 8791
MAIL_PORT = 8792
BODY_BYTES_MAX = 64 * 1024
ANSWER_S = 10.0

app = group("Play a guard company, for demos and for trying out a site base.")

_LINK = re.compile(r"https?://\S+/g/\S+")


@verb(app, "listen", examples=("arcctl guard listen", "arcctl guard listen --accept", "arcctl guard listen --count 1"))
def listen(
    call: Invocation,
    accept: Annotated[bool, typer.Option("--accept", help="Accept every job at once through its link.")] = False,
    count: Annotated[int, typer.Option("--count", min=0, help="End after so many offers; 0 goes on.")] = 0,
    webhook_port: Annotated[int, typer.Option(help="Port for signed POSTs.")] = WEBHOOK_PORT,
    mail_port: Annotated[int, typer.Option(help="Port for mail.")] = MAIL_PORT,
) -> None:
    """Receive job offers by webhook and by mail on this machine, show them, and accept them if asked to.

    Open the link it shows in a browser to answer as the guard would.
    """
    import asyncio

    desk = _Desk(call, accept=accept, count=count)
    try:
        asyncio.run(desk.run(webhook_port, mail_port))
    except KeyboardInterrupt:
        raise typer.Exit from None
    if not desk.seen:
        raise FindingError("no offer came")


class _Desk:
    def __init__(self, call: Invocation, *, accept: bool, count: int) -> None:
        import asyncio

        self._call = call
        self._accept = accept
        self._count = count
        self._links: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.seen = 0

    async def run(self, webhook_port: int, mail_port: int) -> None:
        import asyncio

        from aiosmtpd.controller import UnthreadedController
        from starlette.applications import Starlette
        from starlette.routing import Route

        from arcd.api.serving import ListenError, listen_tcp, serve_app

        api = Starlette(routes=[Route("/{path:path}", self._take_webhook, methods=["POST"])])
        mail = UnthreadedController(_Mailbox(self), hostname=LOOPBACK, port=mail_port, loop=asyncio.get_running_loop())
        try:
            listener = listen_tcp(LOOPBACK, webhook_port)
            mail.server = await mail._create_server()
        except (ListenError, OSError) as error:
            why = str(error).partition(";")[0]  # what follows speaks of the daemon's settings
            raise UsageError(f"{why}; choose other ports with --webhook-port and --mail-port") from None
        async with serve_app(api, listener):
            self._call.out.remark(f"waiting for offers: webhook on port {webhook_port}, mail on port {mail_port}")
            while not self._count or self.seen < self._count:
                how, link = await self._links.get()
                self.seen += 1
                await self._answer(how, link)
        mail.server.close()

    async def _take_webhook(self, request: Request) -> Response:
        from starlette.responses import Response

        body = await request.body()
        if len(body) > BODY_BYTES_MAX:
            return Response(status_code=413)
        offer: dict[str, Any] = await request.json()
        self._call.out.show(offer, _render_offer)
        link = offer.get("links", {}).get("page")
        if link:
            self._links.put_nowait(("webhook", link))
        return Response(status_code=204)

    def take_mail(self, content: bytes) -> None:
        from email import message_from_bytes, policy

        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self._call.out.show({"to": str(message["to"]), "subject": str(message["subject"]), "text": text}, _render_mail)
        for link in _LINK.findall(text):
            self._links.put_nowait(("mail", link))

    async def _answer(self, how: str, link: str) -> None:
        if not self._accept:
            return
        import httpx

        async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
            response = await client.post(f"{link}/accept", headers={"Accept": "application/json"}, json={})
        outcome = {"channel": how, "status": response.status_code, "answer": response.json()}
        self._call.out.show(outcome, _render_answer)


def _render_offer(out: Output, offer: Mapping[str, Any]) -> None:
    out.line(out.styled("webhook  ", QUIET), out.styled(f"{offer.get('case', '')} {offer.get('offer', '')}", STRONG))
    for name, value in offer.items():
        out.line(out.styled(f"  {name}  ", QUIET), f"{value}")


def _render_mail(out: Output, mail: Mapping[str, Any]) -> None:
    out.line(out.styled("mail  ", QUIET), out.styled(mail["subject"], STRONG))
    for line in mail["text"].splitlines():
        out.line(f"  {line}")


def _render_answer(out: Output, answer: Mapping[str, Any]) -> None:
    said = answer["answer"]
    out.line(out.styled("answered  ", GOOD if said.get("granted") else BAD), str(said.get("message", "")))


class _Mailbox:
    """aiosmtpd calls this for every message (its handler protocol)."""

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 – aiosmtpd's name
        self._desk.take_mail(envelope.content)
        return "250 Message accepted for delivery"
