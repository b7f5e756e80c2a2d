from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from protocols.codec import Kind, Malformed, Received
from protocols.dissection import FORMATS, Dissection, Pasted, Verdict, dissect, read_paste
from protocols.dissection.parts import shown
from protocols.dissection.recognising import PASTE_BYTES_MAX
from protocols.secrets import WireKey
from tests.codecs import NOW, WAYS
from tests.fuzz.targets import seeds
from tests.protocols.receiver_lines.vectors import frame_of, vectors

VECTORS = Path(__file__).parents[2] / "vectors"
ROWS = [json.loads(line) for line in (VECTORS / "dc09.jsonl").read_text(encoding="utf-8").splitlines()]
FORMAT_OF = {"dc09_aes": "dc09", "surgard_system": "surgard", "osborne_hoffman_plain": "osborne_hoffman"}


def taken_apart(text: str, **options: Any) -> Dissection:
    found = dissect(read_paste(text), NOW, **options)
    assert found is not None
    return found


def wrong(found: Dissection) -> list[tuple[str, str]]:
    return [(part.name, part.would_be) for part in found.parts if part.verdict is Verdict.WRONG]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["expect"]["crc_computed"] + row["protocol"][5:])
def test_every_dc09_frame_is_known_and_its_checks_are_right(row: dict[str, Any]) -> None:
    found = dissect(Pasted(((bytes.fromhex(row["frame_hex"]), False),)), NOW)
    assert found is not None
    assert found.protocol == "dc09"
    if row["verified"]:
        assert wrong(found) == []
    names = [part.name for part in found.parts]
    assert names[0] == "lf"
    assert "id" in names


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["expect"]["crc_computed"] + row["protocol"][5:])
def test_the_parts_are_the_frame(row: dict[str, Any]) -> None:
    """Laid one behind the other they are what was pasted, to the byte."""
    data = bytes.fromhex(row["frame_hex"])
    found = dissect(Pasted(((data, False),)), NOW)
    assert found is not None
    assert "".join(part.shown for part in found.parts) == shown(data)


RECOGNISED = ("dc09", "surgard", "ademco685", "dc07", "galaxy", "espa444")
FRAMES = [(way.name, frame) for way in WAYS for frame in way.frames if way.name in RECOGNISED]


@pytest.mark.parametrize(("name", "frame"), FRAMES)
def test_a_frame_is_recognised_without_naming_its_format(name: str, frame: bytes) -> None:
    found = dissect(Pasted(((frame, False),)), NOW)
    if b"Q what" in frame:
        assert found is None
        return
    assert found is not None
    if b'"SIA-DCS"' in frame and name == "dc07":
        assert found.protocol in ("dc07", "dc09")  # the quoted form of one grew into the other
    else:
        assert found.protocol == name


@pytest.mark.parametrize("vector", vectors(), ids=lambda row: row["frame_text"][:16])
def test_hex_and_text_of_one_frame_are_the_same(vector: dict[str, Any]) -> None:
    name = vector["protocol"]
    if name == "osborne_hoffman":
        return  # sealed, or read without its key
    data = frame_of(vector)
    as_hex = dissect(read_paste(data.hex(" "), is_hex=True), NOW, protocol=name)
    as_bytes = dissect(Pasted(((data, False),)), NOW, protocol=name)
    assert as_hex is not None
    assert as_bytes is not None
    assert as_hex.items == as_bytes.items


def test_what_is_wrong_is_told_with_what_would_be_right() -> None:
    assert wrong(taken_apart("3E6814E01040101[#4444|NOP]")) == [("crc", "3E67")]
    assert wrong(taken_apart("3E6715E01040101[#4444|NOP]")) == [("length", "14")]
    assert wrong(taken_apart('5FD60020"SIA-DCS"0001L0#1001[#1001|NBA3]')) == [("crc", "5FD5")]
    assert wrong(taken_apart("1234181131010157")) == [("check", "8")]
    assert wrong(taken_apart("40 38 88", protocol="galaxy")) == [("check", "87h")]


@pytest.mark.parametrize(
    ("body", "name", "wanted"),
    [
        ("SIA-DCS0001L0#1001[]", "unexpected", "CRC"),
        ('"SIA-DCS"001L0#1001[]', "unexpected", "four digits"),
        ('"SIA-DCS"0001L0#10#01[]', "unexpected", "[ before the data"),
        ('"SIA-DCS"0001L0#1001[#1001|NBA3', "unexpected", "ends with ]"),
        ('"SIA-DCS"0001L0#1001[]x', "unexpected", "_HH:MM:SS"),
        ('"*SIA-DCS"0001L0#1001[ABC', "ciphertext", "multiple of 32"),
    ],
)
def test_the_first_place_that_does_not_fit_is_named(body: str, name: str, wanted: str) -> None:
    problems = [(part, would) for part, would in wrong(taken_apart(f"00000000{body}", protocol="dc09")) if part == name]
    assert len(problems) == 1
    assert wanted in problems[0][1]


def test_a_key_opens_a_frame_and_is_not_shown() -> None:
    row = next(row for row in ROWS if row["expect"]["encrypted"] and row["expect"].get("data"))
    key = WireKey(bytes.fromhex(row["key"]))
    data = Pasted(((bytes.fromhex(row["frame_hex"]), False),))
    opened, closed = dissect(data, NOW, key=key), dissect(data, NOW)
    assert opened is not None
    assert closed is not None
    assert row["expect"]["data"] in [part.shown for part in opened.parts]
    assert row["expect"]["data"] not in [part.shown for part in closed.parts]
    assert row["key"] not in str(opened)


def test_key_material_in_a_frame_is_blanked() -> None:
    found = taken_apart('00000000"SIA-DCS"0001L0#1001[#1001|NBA3][K00112233445566778899AABBCCDDEEFF]', protocol="dc09")
    assert "00112233" not in str(found)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (r"\nab\r", b"\nab\r"),
        ("<LF>ab<CR>", b"\nab\r"),
        ("␊ab␍", b"\nab\r"),
        (r"5011 18\x14", b"5011 18\x14"),
        ("<DC4>", b"\x14"),
        (r"a\\nb", b"a\\nb"),
        ("<XYZ>", b"<XYZ>"),
        ("käy", "käy".encode()),
    ],
)
def test_control_characters_can_be_written_in_every_usual_way(text: str, data: bytes) -> None:
    assert read_paste(text).readings[-1] == (data, False)


@pytest.mark.parametrize("text", ["0a0d", "0A 0D", "0x0a0d", "0a:0d", "0a, 0d"])
def test_hex_can_be_written_in_every_usual_way(text: str) -> None:
    assert read_paste(text).readings[0] == (b"\n\r", True)


@pytest.mark.parametrize(
    ("text", "is_hex", "says"),
    [
        ("0a0", True, "odd number"),
        ("0az", True, "'z' at character 3"),
        ("", None, "nothing"),
        ("x" * (PASTE_BYTES_MAX + 1), None, "more than"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, is_hex: bool | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_paste(text, is_hex=is_hex)


def test_nothing_fits() -> None:
    assert dissect(read_paste("hello"), NOW) is None


def test_a_named_format_is_the_only_one_tried() -> None:
    for name in FORMATS:
        found = dissect(read_paste("5011 181234E13001015<DC4>"), NOW, protocol=name)
        assert found is None or found.protocol == name


def test_content_without_a_frame_is_read_too() -> None:
    found = taken_apart("#1234|Nri1/BA3")
    assert found.protocol == "sia_blocks"
    assert found.items[0].signals[0].code == "BA"  # type: ignore[union-attr]  # – not Malformed
    assert taken_apart("#1234|1130 01 015").protocol == "contact_id_text"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_no_bytes_make_it_stumble(way: Any) -> None:
    for seed in seeds(way.name):
        for cut in range(0, len(seed), 7):
            for protocol in (None, "dc09", "dc07", "galaxy", "espa444"):
                found = dissect(Pasted(((seed[cut:], False),)), NOW, protocol=protocol)
                for item in found.items if found else ():
                    assert isinstance(item, Malformed) or item.kind in Kind
                    assert isinstance(item, Malformed | Received)
