"""arcctl panel flood: many panels at once, to see what a receiver and the way to it can take.

One rule: nobody else's receiver is flooded by mistake. Beyond this machine it needs --yes, and everything is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import FindingError, UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import BAD, GOOD, QUIET, Output
from arcd.cli.panel_messages import SEQUENCE_MAX, Event, message_of, receiver_of, wire_key
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
    only_elsewhere,
    saying_of,
)
from arcd.cli.times import parse_duration, span

if TYPE_CHECKING:
    from arcd.cli.flooding import Load, Outcome
    from arcd.cli.simulated import Made, Where
    from arcd.cli.simulated_flooding import PacedLoad
    from arcd.cli.wires import Receiver
    from protocols.secrets import WireKey

ACCOUNTS_MAX = 1_000
ADDRESS_MAX = 900  # three digits are all that Contact ID has for a zone
COUNT = 1_000
CONNECTIONS = 10
TIMEOUT_S = 5.0


def add_to(app: typer.Typer) -> None:
    verb(
        app,
        "flood",
        examples=(
            "arcctl panel flood --account 1001 --code OP --count 500",
            "arcctl panel flood --account 1001 --account 1002 --null --rate 200 --connections 50 --for 30s --udp",
            "arcctl panel flood --account 1001 --code OP --host arc.example.org --rate 20 --yes --json",
            "arcctl panel flood --protocol surgard --account 1001 --code OP --port 1025 --count 500 --rate 20",
            "arcctl panel flood --protocol modbus --port 5020 --option unit=7 --option coil=3 --option alternates=true",
        ),
    )(flood)


def flood(
    call: Invocation,
    account: Annotated[
        list[str] | None, typer.Option(metavar="NUMBER", help="Account; several share the connections.")
    ] = None,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Event code: OP, BA, …")] = None,
    scheme: Annotated[str, typer.Option(metavar="sia|contact_id|pulse", help="Table the code is from.")] = "sia",
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Of a page or a mail.")] = None,
    address: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, max=ADDRESS_MAX, help="Zone, or user of the code.")
    ] = 1,
    null: Annotated[bool, typer.Option("--null", help="Link tests instead of events.")] = False,
    count: Annotated[int, typer.Option(metavar="N", min=1, max=1_000_000, help="Messages of all together.")] = COUNT,
    rate: Annotated[
        float | None, typer.Option(metavar="PER_SECOND", min=0.01, max=20_000, help="[as fast as it answers]")
    ] = None,
    connections: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=1_000, help="Panels at once [10; other protocols 1, up to 64]."),
    ] = None,
    limit: Annotated[str, typer.Option("--for", metavar="DURATION", help="At most so long, up to 1h.")] = "60s",
    key: Key = None,
    key_file: KeyFile = None,
    host: Host = None,
    port: Port = None,
    udp: Udp = False,
    tls: Tls = False,
    ca: Ca = None,
    server_name: ServerName = None,
    timestamp: Annotated[bool, typer.Option("--timestamp", help="Stamp plain messages too.")] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.01, max=300, help="For each reply.")] = TIMEOUT_S,
    protocol: Protocol = "dc09",
    option: Option = None,
    serial: Serial = None,
    mode: Mode = "9600 8N1",
    listen: ListenHere = False,
    yes: Annotated[bool, typer.Option("--yes", help="The receiver is ours, although it is not this machine.")] = False,
) -> None:
    """Send many messages over many connections; show the rate reached and how long the ACKs took.

    Each connection has one message under way: a receiver line is paced by its own ACK. Alarms sent to a receiver in
    service open cases: use an account on test, or openings (OP), or link tests. Exit code 0 only when every message was
    acknowledged.
    """
    accounts, seconds_max = tuple(account or ()), _seconds(limit)
    if len(accounts) > ACCOUNTS_MAX:
        raise UsageError(f"at most {ACCOUNTS_MAX} accounts")
    if protocol != "dc09":
        from arcd.cli.simulated import where_of
        from arcd.cli.simulated_protocols import given_options, simulated

        if key is not None or key_file is not None or timestamp:
            raise UsageError("--key, --key-file and --timestamp are DC-09's; leave them out with --protocol")
        kind = simulated(protocol)
        place = where_of(
            protocol, kind.ways, host=host, port=port, serial=serial, mode=mode, udp=udp, tls=tls, listen=listen,
            ca=ca, server_name=server_name, timeout_s=timeout,
        )  # fmt: skip
        made = _maker(protocol, given_options(option), accounts, (code, scheme, text), address, null=null)
        paced = _paced(
            protocol, place, made, seconds_max,
            count=count, rate=rate, connections=connections or 1, timeout_s=timeout,
        )  # fmt: skip
        _check_whose(place.host if serial is None else serial, is_ours=yes)
        return _finish(call, str(place), paced, _run_paced(call, place, paced))
    only_elsewhere(option, serial, is_listening=listen)
    if not accounts:
        raise UsageError("a DC-09 panel names its account: --account NUMBER")
    if text is not None or scheme != "sia":
        raise UsageError("--text and --scheme are for another --protocol than dc09")
    receiver = receiver_of(host, port, udp=udp, tls=tls, ca=ca, server_name=server_name)
    load = _load(
        accounts, code, address, wire_key(key, key_file), seconds_max,
        null=null, count=count, rate=rate, connections=connections or CONNECTIONS, timeout_s=timeout,
        is_stamped=timestamp,
    )  # fmt: skip
    _check_whose(receiver.host, is_ours=yes)
    return _finish(call, str(receiver), load, _run(call, receiver, load))


def _seconds(limit: str) -> float:
    from arcd.cli.flooding import SECONDS_MAX as LONGEST_S

    seconds = float(parse_duration(limit))
    if not 0 < seconds <= LONGEST_S:
        raise UsageError(f"--for is above 0 and at most {span(LONGEST_S)}")
    return seconds


def _maker(
    protocol: str,
    options: dict[str, object],
    accounts: tuple[str, ...],
    event: tuple[str | None, str, str | None],
    address: int,
    *,
    null: bool,
) -> Callable[[int], Made]:
    """Messages by their number, none like the one before: the zone goes round, and numbers where there are any."""
    from arcd.cli.simulated_protocols import new_run, simulated

    kind, run, (code, scheme, text) = simulated(protocol), new_run(), event
    set_up = kind.read_options(options)

    def made(number: int) -> Made:
        where = str((address + number - 1) % ADDRESS_MAX + 1)
        said = (
            None
            if null
            else Event(code, scheme, "new", *((None, None, where) if is_of_user else (where, None, None)), text)
        )
        account = accounts[number % len(accounts)] if accounts else ""
        return kind.made(saying_of(account, said, number % SEQUENCE_MAX + 1, f"{run}-{number}"), set_up)

    is_of_user = False
    try:
        made(0)
    except UsageError:
        is_of_user = True
        made(0)  # what cannot be sent either way is said before anything is
    return made


def _paced(
    protocol: str,
    where: Where,
    made: Callable[[int], Made],
    seconds_max: float,
    *,
    count: int,
    rate: float | None,
    connections: int,
    timeout_s: float,
) -> PacedLoad:
    from arcd.cli.simulated_flooding import CONNECTIONS_MAX, PacedLoad
    from arcd.cli.simulated_protocols import simulated

    if connections > CONNECTIONS_MAX:
        raise UsageError(f"at most {CONNECTIONS_MAX} connections over {protocol}")
    if connections > 1 and where.way in ("serial", "listen"):
        raise UsageError(f"a line over --{where.way} is one connection: leave --connections out")
    carry = simulated(protocol).carry
    return PacedLoad(
        messages=count,
        rate_per_s=rate,
        connections=connections,
        seconds_max=seconds_max,
        timeout_s=timeout_s,
        made=made,
        opened=lambda: carry(where),
    )


def _load(
    accounts: tuple[str, ...],
    code: str | None,
    address: int,
    key: WireKey | None,
    seconds_max: float,
    *,
    null: bool,
    count: int,
    rate: float | None,
    connections: int,
    timeout_s: float,
    is_stamped: bool,
) -> Load:
    from arcd.cli.flooding import SEQUENCES, Load
    from protocols.dc09 import Dialler

    def message(account: str, number: int) -> tuple[str, str]:
        where = str(address + number // SEQUENCES)  # the same sequence number again must be another event
        event = Event(code, "sia", "new", *((None, None, where) if is_of_user else (where, None, None)), None)
        return message_of(account, null=null, token=None, data="", event=event)

    is_of_user = False
    try:
        message(accounts[0], 0)
    except UsageError:
        is_of_user = True
        message(accounts[0], 0)  # what cannot be sent either way is said before anything is
    for account in accounts:
        try:
            Dialler(account=account).null(sequence=1)
        except ValueError as error:
            raise UsageError(f"--account {account}: {error}") from error
    return Load(
        accounts=accounts,
        messages=count,
        rate_per_s=rate,
        connections=connections,
        seconds_max=seconds_max,
        timeout_s=timeout_s,
        message=message,
        dialler=lambda account: Dialler(account=account, key=key),
        is_stamped=is_stamped,
    )


def _check_whose(where: str, *, is_ours: bool) -> None:
    """A serial port is never this machine: whoever reads at its other end may be in service."""
    from arcd.loopback import is_loopback

    if not is_ours and not is_loopback(where):
        raise UsageError(
            f"{where} is not this machine: flooding a receiver in service delays real alarms; say --yes if it "
            "is yours and nobody depends on it now"
        )


def _run(call: Invocation, receiver: Receiver, load: Load) -> Outcome:
    import asyncio

    from arcd.cli.flooding import Flood
    from arcd.clock import SystemClock

    with call.out.progress(f"to {receiver}") as told:
        return asyncio.run(Flood(receiver, load, SystemClock(), told).run())


def _run_paced(call: Invocation, where: Where, load: PacedLoad) -> Outcome:
    from arcd.cli.simulated_flooding import PacedFlood
    from arcd.clock import SystemClock

    with call.out.progress(f"to {where}") as told:
        return PacedFlood(load, SystemClock(), told).run()


def _finish(call: Invocation, receiver: str, load: Load | PacedLoad, outcome: Outcome) -> None:
    times = {name: outcome.percentile_s(percent) for name, percent in (("p50", 50), ("p99", 99), ("max", 100))}
    value = {
        "receiver": receiver,
        "connections": min(load.connections, load.messages),
        "asked": load.messages,
        "sent": outcome.sent,
        "acknowledged": outcome.acknowledged,
        "replies": dict(sorted(outcome.replies.items())),
        "seconds": round(outcome.seconds, 3),
        "per_second": round(outcome.acknowledged / outcome.seconds, 1) if outcome.seconds else 0.0,
        "elapsed_s": {name: None if seconds is None else round(seconds, 6) for name, seconds in times.items()},
    }
    call.out.show(value, _render)
    if outcome.acknowledged < load.messages:
        raise FindingError("")


def _render(out: Output, value: Mapping[str, Any]) -> None:
    whole = value["acknowledged"] == value["asked"]
    out.line(
        out.styled(f"{value['acknowledged']} of {value['asked']} acknowledged", GOOD if whole else BAD),
        f" in {span(value['seconds'])} over {value['connections']} connections: {value['per_second']:g} a second",
    )
    times = value["elapsed_s"]
    if times["p50"] is not None:
        out.line(f"ACK after {span(times['p50'])} (p50), {span(times['p99'])} (p99), {span(times['max'])} (slowest)")
    for reply, count in value["replies"].items():
        if reply != "ack":
            out.line(out.styled(f"{count} {reply}", BAD))
    if value["sent"] < value["asked"]:
        out.line(
            out.styled(f"{value['asked'] - value['sent']} were not sent: the time was up, or the way was lost", QUIET)
        )
