from __future__ import annotations

import pytest

from arcd.captures import CaptureError, Head, encoded, read, row

HEAD = Head(of="surgard-1", dialect="surgard", at=7)


def test_what_is_written_is_read() -> None:
    rows = [row(1, "in", b"5011\x14"), row(2, "out", b"\x06"), row(3, "in", b"", 4)]
    head, found = read(iter([encoded(HEAD), *map(encoded, rows), b"\n"]))
    assert (head, list(found)) == (HEAD, rows)
    assert rows[0].data == b"5011\x14"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "line 1: this is no capture"),
        ([b"PK\x03\x04"], "line 1: this is no capture"),
        ([encoded(Head(of="x", arcd_capture=9))], "line 1: made by another release: version 9"),
        ([encoded(HEAD), encoded(row(1, "in", b"x")), b"{}\n"], "line 3: "),
        ([encoded(HEAD), b'{"at":1,"way":"in","hex":"0g"}\n'], "line 2: "),
        ([encoded(HEAD), b'{"at":1,"way":"up","hex":""}\n'], "line 2: "),
        ([encoded(HEAD), b" " * (2 << 20)], "line 2: longer than a capture may be"),
    ],
)
def test_what_is_none_says_where(lines: list[bytes], said: str) -> None:
    with pytest.raises(CaptureError, match=said):
        list(read(iter(lines))[1])
