from __future__ import annotations

import pytest
from hypothesis import given
from lxml import etree
from msgspec.structs import replace

from protocols.cap.message import Alert, MsgType
from protocols.cap.reader import read
from protocols.cap.schema import NAMESPACE, SCHEMA_TEXT
from protocols.cap.writer import REPLACEMENT, write
from tests.protocols.cap.alerts import FULL, alerts

SCHEMA = etree.XMLSchema(etree.fromstring(SCHEMA_TEXT))


def test_every_field_comes_back() -> None:
    content = write(FULL)
    SCHEMA.assertValid(etree.fromstring(content))
    assert read(content) == FULL


@given(alerts)
def test_any_message_comes_back_and_is_valid(alert: Alert) -> None:
    content = write(alert)
    SCHEMA.assertValid(etree.fromstring(content))
    assert read(content) == alert


@given(alerts)
def test_the_same_message_is_the_same_bytes(alert: Alert) -> None:
    assert write(alert) == write(alert)


def test_the_order_of_the_standard() -> None:
    root = etree.fromstring(write(FULL))
    names = [etree.QName(child).localname for child in root]
    assert names == [
        "identifier", "sender", "sent", "status", "msgType", "source", "scope", "addresses", "code", "code", "note",
        "references", "incidents", "info",
    ]  # fmt: skip
    info = root.find(f"{{{NAMESPACE}}}info")
    assert info is not None
    assert list(dict.fromkeys(etree.QName(child).localname for child in info)) == [
        "language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode",
        "effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact",
        "parameter", "resource", "area",
    ]  # fmt: skip


def test_characters_that_no_document_can_hold_are_replaced() -> None:
    """Panels send them in texts; lxml would refuse the whole message."""
    alert = read(write(replace(FULL, note="bell \x07 null \x00 lone \ud800 end")))
    assert isinstance(alert, Alert)
    assert alert.note == f"bell {REPLACEMENT} null {REPLACEMENT} lone {REPLACEMENT} end"


def test_a_message_that_breaks_a_rule_is_a_defect_of_ours() -> None:
    with pytest.raises(AssertionError, match="msgType Update needs references"):
        write(replace(FULL, msg_type=MsgType.UPDATE, references=()))
