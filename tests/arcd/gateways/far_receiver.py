"""A receiver at the far end of a line: its minimal dialect, a pseudo-terminal pair as its cable, and its patience."""

from __future__ import annotations

import os
import pty
import tty
from pathlib import Path

from protocols.codec import Kind, Malformed, Origin, Received, ReplyKind, Speaker, WireItem

ACK = b"\x06"
HEARTBEAT = b"1000           @    \x14"  # Sur-Gard MLR2, as in protocols.receiver_lines
LINE_BYTES_MAX = 64


class LineOfText:
    """A codec without any content: whatever stands before DC4 is a message of account 1001."""

    def __init__(self) -> None:
        self._buffer = b""

    def greeting(self) -> bytes:
        return b""

    def receive_data(self, data: bytes, now: int) -> list[WireItem]:
        *lines, self._buffer = (self._buffer + data).split(b"\x14")
        found: list[WireItem] = [self._read(line.lstrip(b"\r\n")) for line in lines]
        if len(self._buffer) > LINE_BYTES_MAX:
            found.append(Malformed(protocol="text", reason="oversize", detail="no end", raw=self._buffer))
            self._buffer = b""
        return found

    def receive_eof(self) -> list[WireItem]:
        rest, self._buffer = self._buffer, b""
        return [Malformed(protocol="text", reason="syntax", detail="cut off", raw=rest)] if rest else []

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        return b"" if reply is ReplyKind.NONE else ACK if reply is ReplyKind.ACK else b"\x15"

    def _read(self, line: bytes) -> WireItem:
        if not line.isascii():
            return Malformed(protocol="text", reason="syntax", detail="parity", raw=line)
        is_heartbeat = line + b"\x14" == HEARTBEAT
        return Received(
            protocol="text",
            kind=Kind.LINK_TEST if is_heartbeat else Kind.SIGNALS,
            token="heartbeat" if is_heartbeat else "text",
            origin=Origin(account="" if is_heartbeat else "1001", receiver="00", line="0"),
            session_account="",
            speaker=Speaker.RECEIVER if is_heartbeat else Speaker.RELAY,
            raw=line + b"\x14",
            fingerprint=line.decode("ascii"),
        )


class Cable:
    """A pseudo-terminal pair behind a name of its own, as udev gives one; it can be unplugged and plugged in again."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "ttyRECEIVER"
        self._master = -1

    def plug(self) -> Cable:
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)
        return self

    def unplug(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1
            self.path.unlink()

    def send(self, data: bytes) -> None:
        assert os.write(self._master, data) == len(data)

    def send_some(self, data: bytes) -> None:
        """As much as the line takes now. BlockingIOError."""
        os.write(self._master, data)

    def read(self) -> bytes:
        try:
            return os.read(self._master, 65_536)
        except (BlockingIOError, OSError):  # EIO: nobody has the other end open
            return b""
