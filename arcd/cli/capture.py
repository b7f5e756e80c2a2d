"""arcctl capture: record what passes over a line, look at it, and play it again.

One rule: recording changes nothing on the line: a configured one is looked on while the daemon works it, a port of
its own is only read, and never answered.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import socket
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from arcd.cli.failures import CliError, FindingError, UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, GOOD, QUIET, Output
from arcd.cli.times import from_ns, local, parse_duration, span

app = group("Record a receiver's line, look at the recording, and play it again.")

SIZE_MAX_DEFAULT = 64  # MiB
SIZE_MAX_MOST = 4_096
SPEED_MOST = 1_000.0
GAP_S_MAX = 10.0  # a night without a message is not slept through
READ_BYTES_MAX = 65_536
OPENED_WITHIN_S = 60.0
EMPTIED_WITHIN_S = 0.5  # most programs throw away what lies in a port when they open it

Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="File to write; must not exist.")]
For = Annotated[str | None, typer.Option("--for", metavar="DURATION", help="End by itself after so long.")]
SizeMax = Annotated[
    int, typer.Option(metavar="MIB", min=1, max=SIZE_MAX_MOST, help="End by itself when the file is so large.")
]


@verb(app, "line", examples=("arcctl capture line surgard-1 --out monday.capture --for 8h",))
def line(
    call: Invocation,
    name: Annotated[str, typer.Argument(metavar="LINE", help="Name in the settings; arcctl status shows it.")],
    out: Out,
    duration: For = None,
    size_max: SizeMax = SIZE_MAX_DEFAULT,
) -> None:
    """Record a line of the daemon, both ways, while it works. Ctrl-C ends it."""
    import json
    from urllib.parse import quote

    with (
        _recording(call, out, size_max) as write,
        _ending_after(duration),
        contextlib.closing(call.daemon.lines(f"/v1/receiver-lines/{quote(name, safe='')}/capture")) as rows,
    ):
        for row in rows:
            if not write(json.dumps(row, separators=(",", ":")).encode() + b"\n"):
                return
    call.out.remark("the daemon has ended the stream")


@contextlib.contextmanager
def _ending_after(duration: str | None) -> Iterator[None]:
    """As Ctrl-C would, also while nothing passes."""
    if duration is None:
        yield
        return

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, parse_duration(duration))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@verb(
    app,
    "port",
    examples=(
        "arcctl capture port --serial /dev/ttyUSB0 --mode '1200 7E1' --out panel.capture",
        "arcctl capture port --host 192.0.2.7 --port 1025 --dialect surgard --out panel.capture --for 10m",
    ),
)
def port(
    call: Invocation,
    out: Out,
    serial: Annotated[str | None, typer.Option(metavar="PATH", help="Serial port to read.")] = None,
    mode: Annotated[str, typer.Option(metavar="MODE", help="Of the serial port.")] = "9600 8N1",
    host: Annotated[str, typer.Option(metavar="NAME", help="Receiver to connect to.")] = "127.0.0.1",
    tcp_port: Annotated[int | None, typer.Option("--port", metavar="PORT", min=1, max=65535)] = None,
    dialect: Annotated[str, typer.Option(metavar="NAME", help="Written down for the replay.")] = "",
    duration: For = None,
    size_max: SizeMax = SIZE_MAX_DEFAULT,
) -> None:
    """Record what comes in over a port that the daemon does not use. Nothing is answered: a receiver will repeat."""
    from arcd.captures import Head, encoded, row
    from arcd.cli.serial_wire import SerialWire
    from arcd.cli.wires import Receiver, SocketWire
    from arcd.clock import SystemClock

    if (serial is None) == (tcp_port is None):
        raise UsageError("say what to record: --serial PATH, or --port PORT")
    until = None if duration is None else time.monotonic() + parse_duration(duration)
    wire: SerialWire | SocketWire
    if serial is not None:
        wire, of = SerialWire(serial, mode), f"{serial} {mode}"
    else:
        wire, of = SocketWire(Receiver(host=host, port=tcp_port or 0), connect_timeout_s=10.0), f"{host}:{tcp_port}"
    wire.open()
    clock = SystemClock()
    with contextlib.closing(wire), _recording(call, out, size_max) as write:
        write(encoded(Head(of=of, dialect=dialect, at=clock.now())))
        while until is None or time.monotonic() < until:
            data = wire.receive(0.2)
            if data and not write(encoded(row(clock.now(), "in", data))):
                return
            if data == b"":
                call.out.remark("the other side has hung up")
                return


@contextlib.contextmanager
def _recording(call: Invocation, out: Path, size_max: int) -> Iterator[Callable[[bytes], bool]]:
    """Give a function that writes one line of the file, and says whether there is room for more."""
    try:
        file: BinaryIO = out.open("xb")
    except FileExistsError:
        raise UsageError(f"{out} is there already; name another file, or remove it") from None
    except OSError as error:
        raise CliError(f"cannot write {out}: {error.strerror}") from None
    rows = 0

    def write(line: bytes) -> bool:
        nonlocal rows
        file.write(line)
        file.flush()
        rows += 1
        if file.tell() < size_max << 20:
            return True
        call.out.remark(f"{out} has {size_max} MiB: the recording ends here")
        return False

    with file:
        try:
            yield write
        except KeyboardInterrupt:
            pass
        finally:
            size = file.tell()
            told = {"file": str(out), "rows": max(0, rows - 1), "bytes": size}
            call.out.show(told, lambda out, told: out.line(f"{told['rows']} rows in {told['file']}, {size} bytes"))


@verb(
    app,
    "replay",
    examples=(
        "arcctl capture replay monday.capture",
        "arcctl capture replay monday.capture --dialect ademco685 --json",
        "arcctl capture replay monday.capture --to 127.0.0.1:1026 --speed 10",
        "arcctl capture replay monday.capture --pty /tmp/receiver",
    ),
)
def replay(
    call: Invocation,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What was recorded.")],
    dialect: Annotated[str | None, typer.Option(metavar="NAME", help="Read it as this [as recorded].")] = None,
    to: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Send it there instead of reading it.")] = None,
    as_pty: Annotated[
        Path | None, typer.Option("--pty", metavar="PATH", help="Send it to whoever opens this pseudo-terminal.")
    ] = None,
    speed: Annotated[float, typer.Option(metavar="TIMES", min=0.01, max=SPEED_MOST, help="Faster than it was.")] = 1.0,
) -> None:
    """Show what a recording says, through the codec, offline; or send what came in once more, with its pauses.

    Exit code 1 when the codec cannot make sense of some of it.
    """
    from arcd.captures import CaptureError, read

    if to is not None and as_pty is not None:
        raise UsageError("give --to or --pty, not both")
    try:
        with file.open("rb") as lines:
            head, rows = read(iter(lines))
            if to is None and as_pty is None:
                return _decode(call, dialect or head.dialect, rows)
            with _far_end(call, to, as_pty) as far:
                _play(call, rows, far, speed)
    except CaptureError as error:
        raise CliError(f"{file}: {error}") from None
    except OSError as error:
        raise CliError(f"{file}: {error.strerror or error}") from None
    return None


def _decode(call: Invocation, dialect: str, rows: Iterator[Any]) -> None:
    from arcd.dialects import NAMES, codec_maker, read_options
    from protocols.codec import WireProfile

    if dialect not in NAMES:
        raise UsageError(f"say how to read it: --dialect {'|'.join(sorted(NAMES))}")
    codec = codec_maker(dialect, read_options(dialect, {}), lambda _: WireProfile())()
    unread, count = 0, 0
    for passed in rows:
        if passed.lost:
            call.out.remark(f"{passed.lost} rows before this one were not taken down")
        items = codec.receive_data(passed.data, passed.at) if passed.way == "in" else []
        for item in items:
            told = _item(passed.at, item)
            count, unread = count + 1, unread + (told["malformed"] is not None)
            call.out.show_line(told, _render_item)
        if passed.way == "out":
            call.out.show_line({"at": passed.at, "answered": passed.hex}, _render_item)
    for item in codec.receive_eof():
        unread += 1
        call.out.show_line(_item(0, item), _render_item)
    if unread:
        raise FindingError("" if call.as_json else f"{unread} of {count} messages could not be read as {dialect}")


def _item(at: int, item: Any) -> dict[str, Any]:
    import msgspec

    from protocols.codec import Malformed

    if isinstance(item, Malformed):
        return {"at": at, "malformed": f"{item.reason}: {item.detail}", "raw": item.raw.decode("latin-1")}
    return {
        "at": at,
        "malformed": None,
        "kind": item.kind.value,
        "token": item.token,
        "account": item.origin.account,
        "receiver": item.origin.receiver,
        "line": item.origin.line,
        "signals": [msgspec.to_builtins(signal) for signal in item.signals],
        "remarks": list(item.remarks),
        "raw": item.raw.decode("latin-1"),
    }


def _render_item(out: Output, told: Mapping[str, Any]) -> None:
    when = out.styled(local(from_ns(told["at"])) if told["at"] else "at the end", QUIET)
    if "answered" in told:
        out.line(when, "  ", out.styled(f"we answered {told['answered']}", QUIET))
    elif told["malformed"] is not None:
        out.line(when, "  ", out.styled(told["malformed"], BAD), f"  {told['raw']}")
    else:
        where = f"{told['receiver'] or ''}/{told['line'] or ''}/{told['account']}"
        said = ", ".join(
            " ".join(str(signal.get(part) or "") for part in ("code", "qualifier", "area", "zone", "text")).strip()
            for signal in told["signals"]
        )
        out.line(when, "  ", out.styled(told["token"], GOOD), f"  {where}  {said or told['kind']}")


# --------------------------------------------------------------------------------------------------------- once more


class _Far:
    """Whoever listens to the replay: a file descriptor, read and written."""

    def __init__(self, descriptor: int, where: str) -> None:
        self.descriptor = descriptor
        self.where = where

    def answers(self, wait_s: float) -> int:
        if not select.select([self.descriptor], [], [], wait_s)[0]:
            return 0
        try:
            return len(os.read(self.descriptor, READ_BYTES_MAX))
        except OSError:  # EIO: the pseudo-terminal was closed
            return 0


@contextlib.contextmanager
def _far_end(call: Invocation, to: str | None, as_pty: Path | None) -> Iterator[_Far]:
    if as_pty is not None:
        with _pseudo_terminal(call, as_pty) as master:
            yield _Far(master, str(as_pty))
        return
    host, _, number = str(to).rpartition(":")
    if not number.isdecimal():
        raise UsageError("write --to like 127.0.0.1:1026")
    try:
        connected = socket.create_connection((host.strip("[]") or "127.0.0.1", int(number)), 10.0)
    except OSError as error:
        raise CliError(f"cannot connect to {to}: {error.strerror or error}") from None
    with connected:
        yield _Far(connected.fileno(), str(to))


@contextlib.contextmanager
def _pseudo_terminal(call: Invocation, path: Path) -> Iterator[int]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        path.symlink_to(os.ttyname(slave))
    except FileExistsError:
        raise UsageError(f"{path} is there already; name another place for the pseudo-terminal") from None
    finally:
        os.close(slave)
    try:
        call.out.remark(f"waiting until somebody opens {path}")
        poller, give_up_s = select.poll(), time.monotonic() + OPENED_WITHIN_S
        poller.register(master, select.POLLHUP)
        while any(event & select.POLLHUP for _, event in poller.poll(0)):
            if time.monotonic() > give_up_s:
                raise CliError(f"nobody has opened {path} within {OPENED_WITHIN_S:g} s")
            time.sleep(0.05)
        time.sleep(EMPTIED_WITHIN_S)
        yield master
    finally:
        path.unlink(missing_ok=True)
        os.close(master)


def _play(call: Invocation, rows: Iterator[Any], far: _Far, speed: float) -> None:
    sent = sent_bytes = answered = 0
    began_s, began_at, skipped_s = time.monotonic(), None, 0.0
    for passed in rows:
        if passed.way != "in":
            continue
        if began_at is None:
            began_at = last_at = passed.at
        skipped_s += max(0.0, (passed.at - last_at) / 1e9 - GAP_S_MAX)
        last_at = passed.at
        due_s = began_s + ((passed.at - began_at) / 1e9 - skipped_s) / speed
        while (left := due_s - time.monotonic()) > 0:
            answered += far.answers(left)
        data = passed.data
        while data:
            data = data[os.write(far.descriptor, data) :]
        sent, sent_bytes = sent + 1, sent_bytes + len(passed.data)
    while got := far.answers(1.0):
        answered += got
    told = {"to": far.where, "rows": sent, "bytes": sent_bytes, "answered_bytes": answered}
    took = span(time.monotonic() - began_s)
    call.out.show(
        told,
        lambda out, _: out.line(f"{sent} rows, {sent_bytes} bytes to {far.where} in {took}; {answered} bytes back"),
    )
