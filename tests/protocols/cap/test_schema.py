from __future__ import annotations

import pytest
from lxml import etree

from protocols.cap import message
from protocols.cap.schema import NAMESPACE, SCHEMA_TEXT, schema_problem
from protocols.cap.writer import write
from tests.protocols.cap.alerts import FULL

XS = "{http://www.w3.org/2001/XMLSchema}"
ROOT = etree.fromstring(SCHEMA_TEXT)


def test_the_schema_is_one() -> None:
    assert etree.XMLSchema(ROOT).validate(etree.fromstring(write(FULL)))
    assert ROOT.get("targetNamespace") == NAMESPACE


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("status", message.Status),
        ("msgType", message.MsgType),
        ("scope", message.Scope),
        ("category", message.CapCategory),
        ("responseType", message.ResponseType),
        ("urgency", message.Urgency),
        ("severity", message.Severity),
        ("certainty", message.Certainty),
    ],
)
def test_the_words_of_the_schema_are_those_of_the_values(name: str, words: type) -> None:
    listed = ROOT.findall(f"{XS}simpleType[@name='{name}']/{XS}restriction/{XS}enumeration")
    assert [element.get("value") for element in listed] == [word.value for word in words]  # type: ignore[attr-defined]


def test_what_it_says_names_no_value() -> None:
    broken = etree.fromstring(write(FULL).replace(b"<status>Exercise", b"<status>Somebody"))
    assert schema_problem(broken) == "status at line 6: cvc_enumeration_valid"
    assert schema_problem(etree.fromstring(write(FULL))) is None
