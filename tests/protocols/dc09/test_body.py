from __future__ import annotations

import pytest

from protocols.dc09.body import ACCOUNT_BYTES_MAX, HEADER, REPLY, TOKEN_BYTES_MAX, blank_keys, cut_blanked, is_whole
from protocols.dc09.body import cut_content as cut

KEY = b"00112233445566778899aabbccddeeff"


@pytest.mark.parametrize(
    ("body", "groups"),
    [
        (b'"NULL"0000L0#1[]', (b"", b"NULL", b"0000", None, b"0", b"1")),
        (b'"*SIA-DCS"0001RF3L77#1234[', (b"*", b"SIA-DCS", b"0001", b"F3", b"77", b"1234")),
        (b'"SIA-DCS"9876R579BDFL789ABC#00123456A[', (b"", b"SIA-DCS", b"9876", b"579BDF", b"789ABC", b"00123456A")),
        (b'"NULL"0001L#22334455[', (b"", b"NULL", b"0001", None, b"", b"22334455")),
        (b'"NULL"0002#0123[', (b"", b"NULL", b"0002", None, None, b"0123")),
        (b'"NULL"0002RL#a-b.c{}[', (b"", b"NULL", b"0002", b"", b"", b"a-b.c{}")),
        (b'"' + b"A" * TOKEN_BYTES_MAX + b'"0001#' + b"z" * ACCOUNT_BYTES_MAX + b"[", None),
    ],
)
def test_header(body: bytes, groups: tuple[bytes | None, ...] | None) -> None:
    found = HEADER.match(body)
    assert found is not None
    assert groups is None or found.groups() == groups


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"NULL0001L0#1[]",
        b'"NULL"L0#1[]',  # the sequence is required, DC-09-2013 5.5.1
        b'"NULL"001L0#1[]',
        b'"NULL"00A1L0#1[]',
        b'"NULL"0001R1234567L0#1[]',
        b'"NULL"0001LXY#1[]',
        b'"NULL"0001L0[]',
        b'"NULL"0001L0#[]',
        b'"NULL"0001L0#a b[]',
        b'"NULL"0001L0#a|b[]',
        b'"NULL"0001L0#\xc3\xa4[]',
        b'"NULL"0001L0#1',
        b'"' + b"A" * (TOKEN_BYTES_MAX + 1) + b'"0001#1[',
        b'"NULL"0001#' + b"z" * (ACCOUNT_BYTES_MAX + 1) + b"[",
        b'"**NULL"0001L0#1[]',
    ],
)
def test_no_header(body: bytes) -> None:
    assert HEADER.match(body) is None


@pytest.mark.parametrize(
    ("body", "line", "account"),
    [
        (b'"NAK"0000R0L0A0[]', b"0", b"0"),
        (b'"NAK"0000R0L0#0[]', b"0", b"0"),
        (b'"NAK"0000L0A0[]', b"0", b"0"),
        (b'"ACK"0001R5678LAA#AA12[]', b"AA", b"AA12"),
        (b'"DUH"0001#1[]', None, b"1"),
    ],
)
def test_reply(body: bytes, line: bytes | None, account: bytes) -> None:
    found = REPLY.match(body)
    assert found is not None
    assert (found[5], found[6]) == (line, account)


def test_cut() -> None:
    content = cut(b"[data][Xa][][Yb]_12:00:00,01-02-2026\x03\x03\x03", 1)
    assert content is not None
    assert (content.data, content.fields) == (b"data", (b"Xa", b"", b"Yb"))
    assert (content.timestamp, content.trailing) == (b"12:00:00,01-02-2026", b"\x03\x03\x03")
    assert (content.start, content.end) == (1, 16)


@pytest.mark.parametrize(
    ("text", "fields", "trailing"),
    [(b"d]", (), b""), (b"d]_12:00", (), b"_12:00"), (b"d][Xa][Yb", (b"Xa",), b"[Yb"), (b"d]zz[X", (), b"zz[X")],
)
def test_cut_keeps_what_it_cannot_read(text: bytes, fields: tuple[bytes, ...], trailing: bytes) -> None:
    content = cut(text, 0)
    assert content is not None
    assert (content.data, content.fields, content.timestamp, content.trailing) == (b"d", fields, None, trailing)


@pytest.mark.parametrize("ending", [b"", b"_14:12:04,09-25-2011", b"_14:12:04,09-25-2011\x03\x03\x03"])
@pytest.mark.parametrize(
    "parts",
    [
        [b"#1|NFA3^Hall [2]^"],
        [b"#1|NBA3^Hall [2]^/FA5"],  # what comes behind a bracket in a zone's name is the fire
        [b"#1|NFA3^2]^"],
        [b"", b'J{"doors":[1,2]}'],
        [b"#1|NFA3", b"Ia [b] c", b"Vhttp://a.example/[x]"],
        [b"#1|NFA3", b"I[b]"],
        [b"#1|NFA3", b"Ib]_c]"],
    ],
)
def test_a_bracket_in_a_text_is_a_part_of_it(parts: list[bytes], ending: bytes) -> None:
    content = cut(b"[".join(part + b"]" for part in parts) + ending, 0)
    assert content is not None
    assert [content.data, *content.fields] == parts
    assert content.timestamp == (ending[1:20] or None)


@pytest.mark.parametrize("text", [b"a]garbage", b"a][unended", b"a]_14:12:04", b"a]\x00"])
def test_an_ending_that_nobody_can_tell_is_left_as_it_is(text: bytes) -> None:
    content = cut(text, 0)
    assert content is not None
    assert (content.data, content.fields, content.trailing) == (b"a", (), text[2:])


def test_a_key_behind_a_bracket_in_a_text_is_blanked() -> None:
    opened = cut_blanked(b"#1|NFA3^Hall [2]^][K" + KEY + b"]", 0)
    assert opened is not None
    assert opened[0].fields == (b"K" + b"*" * len(KEY),)
    assert KEY not in opened[1]


def test_cut_needs_a_closing_bracket() -> None:
    assert cut(b"[data", 1) is None
    assert cut_blanked(b"[data", 1) is None


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b'"NULL"0001L0#1[]', True),
        (b'"NULL"0001L0#1[]_12:00:00,01-02-2026', True),
        (b'"NULL"0001L0#1[]_14:12:04,09-25-201', True),
        (b'"NULL"0001L0#1[d][Xa][Yb]_12:00:00,01-02-2026', True),
        (b'"NULL"0001L0#1[d', False),
        (b'"NULL"0001L0#1[d][Xa', False),
        (b'"NULL"0001L0#1[]text', False),
        (b'"NULL"0001', False),
        (b'"*NULL"0001L0#1[' + b"AB" * 16, True),
        (b'"*NULL"0001L0#1[' + b"AB" * 15, False),
        (b'"*NULL"0001L0#1[]', False),
    ],
)
def test_is_whole(body: bytes, whole: bool) -> None:
    assert is_whole(body) is whole


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        (b"[d][K" + KEY + b"]", b"[d][K" + b"*" * 32 + b"]"),
        (b"[d][kshort secret][K]", b"[d][k" + b"*" * 12 + b"][K]"),
        (b"[d][Ka[b][Lx]", b"[d][K***][Lx]"),
        (b"[K" + KEY + b"zz][Lx]", b"[K" + b"*" * 34 + b"][Lx]"),
        (b"pad|K" + KEY + b"]", b"pad|K" + b"*" * 32 + b"]"),
        (b"[d][K" + KEY[:20], b"[d][K" + b"*" * 20),  # a frame that was cut short
        (b"[Kitchen door][LKeittio]", b"[Kitchen door][LKeittio]"),
    ],
)
def test_keys_are_blanked(text: bytes, blanked: bytes) -> None:
    assert blank_keys(text) == blanked


def test_cut_blanked_searches_where_keys_may_be() -> None:
    for text in (b"[K" + KEY + b"]", b"[d][K" + KEY + b"]", b"[a[K" + KEY + b"]", b"[d]x[K" + KEY + b"]"):
        opened = cut_blanked(text, 1)
        assert opened is not None
        assert KEY not in opened[1]
        assert KEY not in repr(opened[0]).encode()
    opened = cut_blanked(b"d][Lx]", 0)
    assert opened is not None
    assert opened[1] == b"d][Lx]"
