from __future__ import annotations

import pytest

from protocols.codec import ReplyKind
from protocols.dc09 import Dialler
from protocols.dc09.cipher import encrypt_content
from protocols.dc09.frame import encode_frame
from tests.protocols.dc09.panel import KEY, KEY_TEXT, NOW, OTHER_KEY, SECOND, pad


def test_golden_frames() -> None:
    """As printed by others: mikkel-esp 68AF/A18D, ioBroker.sia #20 7300, rydikov B2C2."""
    assert Dialler("1234").sia_dcs("Nri1/BA12", sequence=1) == (b'\n68AF0025"SIA-DCS"0001L0#1234[#1234|Nri1/BA12]\r')
    assert Dialler("7099").adm_cid("1131 01 003", sequence=1) == b'\nA18D0027"ADM-CID"0001L0#7099[#7099|1131 01 003]\r'
    panel = Dialler("00653210")
    assert panel.null(sequence=1).endswith(b'"NULL"0001L0#00653210[]\r')
    hikvision = Dialler("777").message(
        "ADM-CID", "#777|1401 02 501", sequence=8, now=1_751_534_128 * SECOND, extended=["SУлица"]
    )
    assert hikvision == (
        b'\nB2C20046"ADM-CID"0008L0#777[#777|1401 02 501][S' + "Улица".encode() + b"]_09:15:28,07-03-2025\r"
    )


def test_the_header_is_as_asked() -> None:
    frame = Dialler("00aB", "0F", "007", None, True).message("XNM", b"\xff", sequence=9999, extended=["Ia", b"L\xe4"])
    assert frame[7:] == b'"XNM"9999R0FL007#00aB[\xff][Ia][L\xe4]\r'
    assert Dialler("1", line=None).null(sequence=0)[9:] == b'"NULL"0000#1[]\r'


@pytest.mark.parametrize("sequence", [-1, 10_000])
def test_sequence_has_four_digits(sequence: int) -> None:
    with pytest.raises(ValueError, match="0 to 9999"):
        Dialler("1").null(sequence=sequence)


@pytest.mark.parametrize(
    "panel", [Dialler(""), Dialler("a b"), Dialler("1", receiver="xyz"), Dialler("1", line="1234567"), Dialler("ä")]
)
def test_a_header_that_nobody_could_read(panel: Dialler) -> None:
    with pytest.raises(ValueError, match="does not fit a DC-09 header"):
        panel.null(sequence=1)


@pytest.mark.parametrize("text", ["a]b", "a\rb", "a\nb", b"\n"])
def test_what_cannot_be_escaped(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="no way to escape"):
        Dialler("1").message("X", text, sequence=1)
    with pytest.raises(ValueError, match="no way to escape"):
        Dialler("1").message("X", "", sequence=1, extended=[text])


def test_a_message_too_long() -> None:
    with pytest.raises(ValueError, match="at most 4095 bytes"):
        Dialler("1").message("X", "y" * 4095, sequence=1)


def test_encryption_needs_time_and_pad() -> None:
    panel = Dialler("1", key=KEY)
    for now, source in ((None, pad), (NOW, None)):
        with pytest.raises(ValueError, match="needs the time and a source"):
            panel.null(sequence=1, now=now, pad=source)


@pytest.mark.parametrize(
    ("body", "kind", "sequence", "offset_s"),
    [
        (b'"ACK"0007L0#1[]', ReplyKind.ACK, "0007", None),
        (b'"ACK"0007R1L0#1[]_12:00:03,06-15-2026', ReplyKind.ACK, "0007", 3.0),
        (b'"NAK"0000R0L0A0[]_11:58:00,06-15-2026', ReplyKind.NAK, "0000", -120.0),
        (b'"NAK"0007R0L0A0[]_11:58:00,06-15-2026', ReplyKind.NAK, "0007", -120.0),  # echoes the sequence
        (b'"NAK"0000R0L0#0[]', ReplyKind.NAK, "0000", None),
        (b'"NAK"0000L0A0[]', ReplyKind.NAK, "0000", None),
        (b'"DUH"0007L0#1[]', ReplyKind.DUH, "0007", None),
        (b'"RSP"0007L0#1[x]_12:00:00,00-15-2026', ReplyKind.ACK, "0007", None),
    ],
)
def test_read_reply(body: bytes, kind: ReplyKind, sequence: str, offset_s: float | None) -> None:
    for binary in (False, True):
        frame = encode_frame(body, is_binary_crc=binary)
        reply = Dialler("1", key=KEY).read_reply(b"\r\n?" + frame + frame, NOW)
        assert reply is not None
        assert (reply.kind, reply.sequence, reply.clock_offset_s) == (kind, sequence, offset_s)
        assert not reply.is_encrypted
        for missing in range(1, len(frame)):
            assert Dialler("1").read_reply(frame[:-missing], NOW) is None


def test_what_is_no_reply() -> None:
    null = Dialler("1").null(sequence=1)
    ack = encode_frame(b'"ACK"0007L0#1[]')
    assert Dialler("1").read_reply(null, NOW) is None
    assert Dialler("1").read_reply(b"\n0000" + ack[5:], NOW) is None
    assert Dialler("1").read_reply(encode_frame(b'"ACK"0007L0#1['), NOW) is None
    reply = Dialler("1").read_reply(null + ack, NOW)
    assert reply is not None
    assert reply.token == "ACK"


def test_encrypted_replies() -> None:
    content = b"#1|K" + KEY_TEXT.encode() + b"][K" + KEY_TEXT.encode() + b"]_12:00:01,06-15-2026"
    frame = encode_frame(b'"*RSP"0007L0#1[' + encrypt_content(KEY, content, pad))
    reply = Dialler("1", key=KEY).read_reply(frame, NOW)
    assert reply is not None
    assert (reply.token, reply.is_encrypted, reply.clock_offset_s) == ("RSP", True, 1.0)
    assert KEY_TEXT not in repr(reply)
    assert Dialler("1", key=OTHER_KEY).read_reply(frame, NOW) is None
    assert Dialler("1").read_reply(frame, NOW) is None


def test_a_key_seals_every_message() -> None:
    frame = Dialler("1", key=KEY).null(sequence=1, now=NOW, pad=pad)
    assert frame == encode_frame(b'"*NULL"0001L0#1[' + encrypt_content(KEY, b"]_12:00:00,06-15-2026", pad))


def test_a_dialler_does_not_show_its_key() -> None:
    assert KEY_TEXT not in repr(Dialler("1", key=KEY)).upper()
