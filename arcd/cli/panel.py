"""arcctl panel: be an alarm panel for a moment, to see a receiver answer before a real one is connected.

One rule: it tells the truth about the wire. What was sent is shown byte for byte, only an ACK of it is success, and a
key is never shown.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import FindingError, UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, GOOD, QUIET, WARNING, Output
from arcd.cli.panel_messages import (
    SEQUENCE_MAX,
    Event,
    message_of,
    numbered,
    receiver_of,
    wire_key,
)
from arcd.cli.panel_options import (
    Ca,
    Host,
    Key,
    KeyFile,
    ListenHere,
    Mode,
    Option,
    Port,
    Protocol,
    Serial,
    ServerName,
    Tls,
    Udp,
    named_account,
    only_elsewhere,
    saying_of,
)
from arcd.cli.times import parse_duration, span

if TYPE_CHECKING:
    from arcd.cli.dialling import Panel, Sent

app = group("A panel's side of the wire: send test signals in every protocol that is received.")

TIMEOUT_S = 5.0
TIMEOUT_S_MIN, TIMEOUT_S_MAX = 0.01, 300.0
RETRIES_MAX = 5  # dc09_spt, as other panels, sends the same bytes again up to five times
REPEAT_MAX = 1_000_000
CLOCK_OFFSET_S = 1e9  # either way, as in a script

MEANINGS = {
    "ack": "the receiver has taken responsibility for it",
    "nak": "not trusted: the time is outside the window, or the key is not the account's",
    "duh": "understood as a message and not taken: account unknown, or unencrypted where a key is agreed",
    None: "no reply: nobody there, or a message the receiver must not answer",
}


@verb(
    app,
    "send",
    examples=(
        "arcctl panel send --account 1001 --code BA --zone 3",
        "arcctl panel send --account 1001 --scheme contact_id --code 130 --zone 15 --area 1 --udp",
        "arcctl panel send --account 1002 --code HA --key-file jeweller.key",
        "arcctl panel send --account 0042 --null --repeat 10 --interval 1s",
        "arcctl panel send --protocol surgard --account 1001 --code BA --zone 3 --serial /dev/ttyUSB0",
        "arcctl panel send --protocol ademco685 --account 1001 --scheme contact_id --code 130 --zone 3 --port 1026",
        "arcctl panel send --protocol modbus --port 5020 --option unit=7 --option coil=3",
    ),
)
def send(
    call: Invocation,
    account: Annotated[str, typer.Option(metavar="NUMBER", help="Account number, leading zeros and all.")] = "",
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Event code: BA, FA, … or 130, 110, …")] = None,
    scheme: Annotated[str, typer.Option(metavar="sia|contact_id|pulse", help="Table the code is from.")] = "sia",
    qualifier: Annotated[str, typer.Option(metavar="new|restore|status", help="Contact ID only.")] = "new",
    zone: Annotated[str | None, typer.Option(metavar="NUMBER", help="Zone or point.")] = None,
    area: Annotated[str | None, typer.Option(metavar="NUMBER", help="Area or partition.")] = None,
    user: Annotated[str | None, typer.Option(metavar="NUMBER", help="User, for openings, closings, cancels.")] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Text behind the event, or of a page or mail.")
    ] = None,
    null: Annotated[bool, typer.Option("--null", help="Send a link test instead of an event.")] = False,
    token: Annotated[str | None, typer.Option(metavar="ID", help="Any other id token, with --data as is.")] = None,
    data: Annotated[str, typer.Option(metavar="TEXT", help="Data of --token.")] = "",
    extended: Annotated[
        list[str] | None, typer.Option(metavar="XTEXT", help="Extended data, letter first: V…, I…, X…; repeatable.")
    ] = None,
    key: Key = None,
    key_file: KeyFile = None,
    receiver: Annotated[str | None, typer.Option(metavar="HEX", help="Receiver number (R) [left out].")] = None,
    line: Annotated[str, typer.Option(metavar="HEX", help="Line or account prefix (L).")] = "0",
    host: Host = None,
    port: Port = None,
    udp: Udp = False,
    tls: Tls = False,
    ca: Ca = None,
    server_name: ServerName = None,
    repeat: Annotated[int, typer.Option(metavar="N", min=1, max=REPEAT_MAX, help="Messages, one after another.")] = 1,
    interval: Annotated[str | None, typer.Option(metavar="DURATION", help="Pause between them.")] = None,
    sequence: Annotated[int, typer.Option(metavar="N", min=0, max=SEQUENCE_MAX, help="Number of the first.")] = 1,
    timestamp: Annotated[bool, typer.Option("--timestamp", help="Stamp plain messages too.")] = False,
    clock_offset: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=-CLOCK_OFFSET_S, max=CLOCK_OFFSET_S, help="Send with a clock as wrong as this."
        ),
    ] = 0.0,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=TIMEOUT_S_MIN, max=TIMEOUT_S_MAX, help="Wait for each reply.")
    ] = TIMEOUT_S,
    retries: Annotated[
        int, typer.Option(metavar="N", min=0, max=RETRIES_MAX, help="Send the same bytes again when no reply comes.")
    ] = RETRIES_MAX,
    binary_crc: Annotated[bool, typer.Option("--binary-crc", help="Write the CRC as early devices do.")] = False,
    protocol: Protocol = "dc09",
    option: Option = None,
    serial: Serial = None,
    mode: Mode = "9600 8N1",
    listen: ListenHere = False,
) -> None:
    """Send messages as a DC-09 panel does; show the replies and the time they took.

    With --protocol, as another device: a receiver on its automation line (--null is its heartbeat), an ESPA control
    station, a Modbus device, a camera that mails, a cloud panel that posts. `arcctl panel protocols` lists them.

    Exit code 0 only when every message was acknowledged. After a NAK with a time the clock is corrected by it and the
    message is sent once more, as panels do.
    """
    event = Event(code, scheme, qualifier, zone, area, user, text)
    if protocol != "dc09":
        from arcd.cli.simulated import where_of
        from arcd.cli.simulated_protocols import given_options, new_run, simulated
        from arcd.cli.simulated_sending import send_simulated

        kind = simulated(protocol)
        if token is not None or extended or key is not None or key_file is not None:
            raise UsageError("--token, --extended and keys are DC-09's; leave them out with --protocol")
        where = where_of(
            protocol, kind.ways, host=host, port=port, serial=serial, mode=mode, udp=udp, tls=tls, listen=listen,
            ca=ca, server_name=server_name, timeout_s=timeout,
        )  # fmt: skip
        run = new_run()
        said = None if null else event
        numbers = [numbered(sequence, index) for index in range(repeat)]
        return send_simulated(
            call, kind, where, kind.read_options(given_options(option)),
            [saying_of(account, said, number, run, receiver, line) for number in numbers],
            pause_s=0 if interval is None else parse_duration(interval),
            timeout_s=timeout,
            transmissions_max=retries + 1,
        )  # fmt: skip

    only_elsewhere(option, serial, is_listening=listen)
    sealing = wire_key(key, key_file)
    message = message_of(named_account(account), null=null, token=token, data=data, event=event)
    from arcd.cli.dialling import Panel
    from arcd.cli.wires import SocketWire
    from arcd.clock import SystemClock
    from protocols.dc09 import Dialler

    panel_receiver = receiver_of(host, port, udp=udp, tls=tls, ca=ca, server_name=server_name)
    wire = SocketWire(panel_receiver, connect_timeout_s=timeout)
    dialler = Dialler(account=account, receiver=receiver, line=line, key=sealing, is_binary_crc=binary_crc)
    panel = Panel(
        dialler, wire, SystemClock(), timeout_s=timeout, transmissions_max=retries + 1, clock_offset_s=clock_offset
    )
    sequences = [numbered(sequence, index) for index in range(repeat)]
    try:
        told = _send_all(call, panel, message, sequences, tuple(extended or ()), interval, is_stamped=timestamp)
    finally:
        wire.close()
    return _finish(call, wire.address, told)


def _send_all(
    call: Invocation,
    panel: Panel,
    message: tuple[str, str],
    sequences: list[int],
    extended: tuple[str, ...],
    interval: str | None,
    *,
    is_stamped: bool,
) -> list[dict[str, Any]]:
    pause_s = 0 if interval is None else parse_duration(interval)
    told: list[dict[str, Any]] = []
    for sequence in sequences:
        if told and pause_s:
            time.sleep(pause_s)
        try:
            sent = panel.send(*message, sequence, extended=extended, is_stamped=is_stamped or panel.is_keyed)
        except ValueError as error:
            raise UsageError(str(error)) from error
        told.append(_plain(sent, message, is_encrypted=panel.is_keyed))
        if not call.as_json:
            _render_sent(call.out, told[-1])
    return told


def _plain(sent: Sent, message: tuple[str, str], *, is_encrypted: bool) -> dict[str, Any]:
    from protocols.dc09.body import blank_keys

    reply = sent.reply
    return {
        "token": message[0],
        "data": blank_keys(message[1].encode()).decode(),
        "sequence": sent.sequence,
        "encrypted": is_encrypted,
        "frame": blank_keys(sent.frame).decode("latin-1"),
        "transmissions": sent.transmissions,
        "acknowledged": sent.is_acknowledged,
        "reply": reply.kind.value if reply is not None else None,
        "reply_token": reply.token if reply is not None else None,
        "reply_encrypted": reply.is_encrypted if reply is not None else None,
        "clock_offset_s": round(reply.clock_offset_s, 3) if reply and reply.clock_offset_s is not None else None,
        "clock_corrected_s": round(sent.clock_corrected_s, 3) if sent.clock_corrected_s is not None else None,
        "elapsed_s": round(sent.elapsed_s, 6),
        "new_key": sent.has_new_key,
        "unread": sent.unread.decode("latin-1"),
    }


def _render_sent(out: Output, sent: Mapping[str, Any]) -> None:
    form = "AES" if sent["encrypted"] else "plain"
    out.line(f"sent  {sent['frame']}")
    if sent["encrypted"]:
        out.line(out.styled(f"      {sent['token']} {sent['data'] or '(no data)'}, {form}", QUIET))
    if sent["clock_corrected_s"] is not None:
        out.line(out.styled("nak   ", WARNING), f"clock corrected by {sent['clock_corrected_s']:+.0f} s, sent again")
    style = {"ack": GOOD, "nak": BAD, "duh": BAD}.get(sent["reply"], BAD)
    reply = str(sent["reply_token"] or "nothing").upper() if sent["reply"] else "no reply"
    encrypted = " (AES)" if sent["reply_encrypted"] else ""
    times = f", sent {sent['transmissions']} times" if sent["transmissions"] > 1 else ""
    out.line("reply ", out.styled(f"{reply}{encrypted}", style), f" in {span(sent['elapsed_s'])}{times}")
    if sent["new_key"]:
        out.line(out.styled("      the receiver has changed the key: later messages use the new one", WARNING))
    if not sent["acknowledged"]:
        out.line(out.styled(f"      {MEANINGS[sent['reply']]}", QUIET))
    if sent["unread"]:
        out.line(out.styled(f"      came, and cannot be read as a reply to it: {sent['unread']}", WARNING))


def _finish(call: Invocation, address: str, told: list[dict[str, Any]]) -> None:
    acknowledged = sum(sent["acknowledged"] for sent in told)
    elapsed = sorted(sent["elapsed_s"] for sent in told)
    value = {
        "receiver": address,
        "sent": len(told),
        "acknowledged": acknowledged,
        "elapsed_s": {"min": elapsed[0], "median": elapsed[len(elapsed) // 2], "max": elapsed[-1]},
        "messages": told,
    }
    call.out.show(value, _render_summary)
    if acknowledged < len(told):
        raise FindingError("")


def _render_summary(out: Output, value: Mapping[str, Any]) -> None:
    if value["sent"] == 1:
        return
    times = value["elapsed_s"]
    style = GOOD if value["acknowledged"] == value["sent"] else BAD
    out.line(
        out.styled(f"{value['acknowledged']} of {value['sent']} acknowledged", style),
        f"; median {span(times['median'])}, slowest {span(times['max'])}",
    )
