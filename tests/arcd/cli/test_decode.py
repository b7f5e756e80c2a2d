"""arcctl decode, as a person uses it: no daemon anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arcd.cli.decode_text import CATEGORIES, KINDS, LETTERS, PARTS, PLACES, QUALIFIERS, RECORDS, SENTENCES
from protocols.codec import Kind, Speaker
from protocols.dissection import Pasted, dissect
from protocols.signals import Category, Qualifier
from tests.arcd.cli.conftest import Arcctl
from tests.codecs import NOW, WAYS
from tests.protocols.dissection.test_dissection import ROWS

DC09 = r'\n5FD50020"SIA-DCS"0001L0#1001[#1001|NBA3]\r'
SEALED = next(row for row in ROWS if row["expect"]["encrypted"] and row["expect"].get("data"))


def test_a_frame_for_people(arcctl: Arcctl) -> None:
    ran = arcctl("decode", DC09, "--lang", "fi")
    assert ran.code == 0, ran.err
    for words in ("tarkiste CRC-16/ARC", "oikein", "Murtohälytys", "murto, uusi", '"ACK"0001L0#1001[]'):
        assert words in ran.out


@pytest.mark.parametrize(
    ("language", "words"), [("fi", "Murtohälytys"), ("sv", "Inbrottslarm"), ("en", "Burglary Alarm")]
)
def test_codes_are_named_in_three_languages(arcctl: Arcctl, language: str, words: str) -> None:
    assert words in arcctl("decode", DC09, "--lang", language).out


def test_a_frame_for_programs(arcctl: Arcctl) -> None:
    ran = arcctl("decode", "5011 181234E13001015<DC4>", "--json")
    value = json.loads(ran.out)
    assert (ran.code, value["protocol"], value["problems"]) == (0, "surgard", [])
    assert value["items"][0]["account"] == "1234"
    assert value["replies"] == {"ack": "<ACK>"}


def test_a_wrong_check_is_a_finding_with_the_right_one(arcctl: Arcctl) -> None:
    ran = arcctl("decode", "3E6814E01040101[#4444|NOP]", "--lang", "sv")
    assert ran.code == 1
    assert "FEL; rätt vore 3E67" in ran.out
    value = json.loads(arcctl("decode", "3E6814E01040101[#4444|NOP]", "--json").out)
    assert value["problems"] == ["crc: 3E67", "crc: the line says CRC 3E68, its bytes give 3E67"]


def test_a_key_from_a_file(arcctl: Arcctl, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(SEALED["key"])
    without = arcctl("decode", SEALED["frame_hex"])
    assert without.code == 1
    assert "no key" in without.out
    ran = arcctl("decode", SEALED["frame_hex"], "--key-file", str(key))
    assert ran.code == 0, ran.err
    assert SEALED["expect"]["data"] in ran.out
    assert SEALED["key"] not in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["\udcff\udcfe"], "no format fits (text: 2 bytes)"),
        (["hello"], "no format fits (text: 5 bytes)"),
        (["--hex", "0a3"], "an odd number of digits"),
        (["0a", "--hex", "--text"], "not both"),
        (["x", "--protocol", "morse"], "no format 'morse'; --protocol is one of dc09"),
        (["x", "--key-file", "/nowhere"], "cannot be read"),
        ([""], "nothing to decode"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(arcctl: Arcctl, arguments: list[str], says: str) -> None:
    ran = arcctl("decode", *arguments)
    assert ran.code in (1, 2)
    assert says in ran.err


def test_what_a_panel_wrote_cannot_write_to_the_terminal(arcctl: Arcctl) -> None:
    ran = arcctl("decode", r"S011[#1234|NBA1^\x1b[2Jx^]<DC4>", "--protocol", "surgard")
    assert "\x1b" not in ran.out


def test_everything_a_dissection_can_name_has_its_words() -> None:
    names, keys = set(), set()
    for way in WAYS:
        for frame in way.frames:
            for cut in range(0, len(frame), 5):
                for protocol in (None, "dc09", "dc07", "galaxy", "espa444"):
                    found = dissect(Pasted(((frame[: len(frame) - cut], False),)), NOW, protocol=protocol)
                    parts = found.parts if found is not None else ()
                    names |= {part.name for part in parts}
                    keys |= {part.key for part in parts if part.name == "record"}
    assert names <= set(PARTS)
    assert keys - {"", " "} <= set(RECORDS)
    assert set(CATEGORIES) == {category.value for category in Category}
    assert set(QUALIFIERS) == {qualifier.value for qualifier in Qualifier}
    assert set(KINDS) == {kind.value for kind in Kind}
    assert {speaker.value for speaker in Speaker} <= set(SENTENCES)
    for table in (PARTS, LETTERS, RECORDS, CATEGORIES, QUALIFIERS, KINDS, PLACES, SENTENCES):
        assert all(len(words) == 3 and all(words) for words in table.values())
