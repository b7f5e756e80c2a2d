"""Whatever the bytes are: a message, or a reason; nothing opened, nothing fetched, nothing grown."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocols.cap.message import Alert, Named
from protocols.cap.reader import (
    ELEMENTS_MAX,
    MESSAGE_BYTES_MAX,
    REPEATS_MAX,
    TEXT_CHARS_MAX,
    CapMalformed,
    read,
)
from protocols.cap.writer import write
from tests.protocols.cap.alerts import FULL

GOOD = write(FULL)


def reason(data: bytes) -> str:
    found = read(data)
    assert isinstance(found, CapMalformed), found
    assert found.detail
    return found.reason


def changed(old: str, new: str) -> bytes:
    assert old.encode() in GOOD
    return GOOD.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "xml"),
        (b"ACCEPTED", "xml"),
        (GOOD[:-20], "xml"),
        (b"\xff\xfe<\x00", "encoding"),
        (GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "encoding"),
        (GOOD.replace(b"UTF-8", b"ISO-8859-1"), "encoding"),
        (b"<alert/>", "not_cap"),
        (GOOD.replace(b"cap:1.2", b"cap:1.1"), "not_cap"),
        (changed("<status>Exercise", "<status>Real"), "schema"),
        (changed("<msgType>Update", "<msgType>Accepted"), "schema"),
        (changed("<sender>arc.example</sender>", ""), "schema"),
        (changed("<sent>2026-03-04T14:00:00+02:00", "<sent>2026-03-04T12:00:00Z"), "schema"),
        (changed("<sent>2026-03-04T14:00:00+02:00", "<sent>2026-03-04T14:00:00.5+02:00"), "schema"),
        (changed("<sent>2026-03-04T14:00:00+02:00", "<sent>2026-03-04T14:00:00+15:30"), "schema"),
        (changed("<event>Palohälytys</event>", "<event/>"), "schema"),
        (changed("<mimeType>image/jpeg</mimeType>", ""), "schema"),
        (changed("<identifier>arc.example-1", "<identifier>arc example-1"), "schema"),
        (changed("<urgency>Immediate</urgency>", "<surprise/><urgency>Immediate</urgency>"), "schema"),
        (
            changed(
                "<urgency>Immediate</urgency>\n    <severity>Severe</severity>",
                "<severity>Severe</severity>\n    <urgency>Immediate</urgency>",
            ),
            "schema",
        ),
        (changed("<addresses>psap.example &quot;duty officer&quot;</addresses>".replace("&quot;", '"'), ""), "rule"),
        (changed("<references>arc.example,arc.example-0,2026-03-04T13:59:00+02:00</references>", ""), "rule"),
        (changed("arc.example-0,2026", "arc.example-0;2026"), "rule"),
        (changed("60.17,24.94 0.05", "60.17 24.94 0.05"), "rule"),
        (changed("da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb924"), "rule"),
        (changed("<note>", "<!-- c --><note>").replace(b"<info>", b"<info xmlns:x='y' x:z='1'>"), "schema"),
    ],
)
def test_refused(data: bytes, expected: str) -> None:
    assert reason(data) == expected


def test_no_value_of_theirs_is_repeated() -> None:
    found = read(changed("<status>Exercise", "<status>Matti Meikäläinen"))
    assert isinstance(found, CapMalformed)
    assert found.detail == "status at line 6: cvc_enumeration_valid"


# ------------------------------------------------------------------------------------------------------------ attacks


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a message must open no connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


DECLARATION = b"<?xml version='1.0' encoding='UTF-8'?>"


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-7"])
def test_no_document_type_in_any_disguise(tmp_path: Path, encoding: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    body = GOOD.removeprefix(DECLARATION).decode().replace("Note &amp; &lt;more&gt;", "&x;")
    bomb = f'<!DOCTYPE alert [<!ENTITY x SYSTEM "file://{secret}">]>{body}'
    found = read((DECLARATION.decode().replace("UTF-8", encoding) + bomb).encode(encoding))
    assert isinstance(found, CapMalformed)
    assert found.reason in ("doctype", "encoding", "xml")


def test_no_billion_laughs() -> None:
    lol = '<!ENTITY a "lol">' + "".join(f'<!ENTITY a{n} "{"&a;" * 10}">' for n in range(9))
    assert reason(f"<!DOCTYPE alert [{lol}]>".encode() + GOOD.removeprefix(DECLARATION)) == "doctype"


def test_an_undeclared_entity_is_no_text() -> None:
    assert reason(changed("Note &amp; &lt;more&gt;", "&secret;")) == "xml"


@pytest.mark.usefixtures("_no_network")
def test_a_schema_location_is_not_followed() -> None:
    hint = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x http://127.0.0.1:1/x.xsd"'
    assert isinstance(read(changed("<alert xmlns", f"<alert {hint} xmlns")), Alert)


def test_comments_and_instructions_are_passed_over() -> None:
    alert = read(changed("Note &amp;", "Note<!-- a --> &amp;<?php x ?>"))
    assert isinstance(alert, Alert)
    assert alert.note == FULL.note


def test_a_signature_is_passed_over() -> None:
    signed = GOOD.replace(
        b"</alert>", b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><a/></Signature></alert>'
    )
    assert read(signed) == FULL


# -------------------------------------------------------------------------------------------------------------- limits


def test_as_many_bytes_as_may_be() -> None:
    padding = MESSAGE_BYTES_MAX - len(GOOD)
    assert isinstance(read(GOOD + b" " * padding), Alert)
    assert reason(GOOD + b" " * (padding + 1)) == "too_large"


@pytest.mark.parametrize("name", sorted(REPEATS_MAX))
def test_as_many_elements_as_may_be(name: str) -> None:
    element = {
        "info": "<info/>", "code": "<code>x</code>", "category": "<category>Fire</category>",
        "responseType": "<responseType>Assess</responseType>", "area": "<area/>", "resource": "<resource/>",
    }.get(name, f"<{name}/>")  # fmt: skip
    many = element * (REPEATS_MAX[name] + 1)
    found = read(f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{many}</alert>'.encode())
    assert found == CapMalformed(reason="limit", detail=f"more than {REPEATS_MAX[name]} {name} elements")


def test_a_hundred_parameters_are_a_message() -> None:
    named = tuple(Named(name=f"n{n}", value="v") for n in range(REPEATS_MAX["parameter"]))
    full = replace(FULL, infos=(replace(FULL.infos[0], parameters=named),))
    assert read(write(full)) == full


def test_elements_together() -> None:
    many = "<x/>" * ELEMENTS_MAX
    assert reason(f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{many}</alert>'.encode()) == "limit"


def test_a_text() -> None:
    longest = replace(FULL, note="x" * TEXT_CHARS_MAX)
    assert read(write(longest)) == longest
    assert reason(write(replace(FULL, note="x" * (TEXT_CHARS_MAX + 1)))) == "limit"


def test_depth_ends() -> None:
    deep = b"<a>" * 5000
    assert reason(b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">' + deep) == "xml"


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert isinstance(read(data), CapMalformed)


@given(st.data())
def test_a_message_with_a_few_bytes_changed(data: st.DataObject) -> None:
    broken = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(read(bytes(broken)), Alert | CapMalformed)
