"""CAP 1.2 messages from outside, read strictly: limits first, then XML, then the schema, then the rules of the profile.

One rule: whatever the bytes are, the answer is a message or a `CapMalformed`; nothing in them can make us open a file,
ask the network, or grow. The sender is on the other side of a signature, and may still be broken.
"""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from typing import TypeVar

from lxml import etree
from msgspec import Struct

from protocols.cap.message import (
    Alert,
    Area,
    CapCategory,
    Certainty,
    Circle,
    Info,
    MsgType,
    Named,
    Resource,
    ResponseType,
    Scope,
    Severity,
    Status,
    Urgency,
)
from protocols.cap.profile import parse_circle, parse_references, parse_words, problem_of
from protocols.cap.schema import NAMESPACE, schema_problem

E = TypeVar("E", bound=StrEnum)

MESSAGE_BYTES_MAX = 128 * 1024
ELEMENTS_MAX = 2_000
TEXT_CHARS_MAX = 8_000
REFERENCES_MAX = 50
# How often an element may stand in its parent; the standard sets no bounds.
REPEATS_MAX = {
    "info": 8, "code": 20, "category": 12, "responseType": 9, "eventCode": 20, "parameter": 100, "resource": 20,
    "area": 20, "polygon": 50, "circle": 50, "geocode": 100,
}  # fmt: skip

_ENCODING = re.compile(rb"""^<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


class CapMalformed(Struct, frozen=True, kw_only=True):
    """Why bytes are no usable CAP 1.2 message. `detail` repeats no text of theirs."""

    reason: str  # "too_large", "encoding", "doctype", "xml", "not_cap", "limit", "schema", "rule"
    detail: str


class _Unreadable(Exception):  # noqa: N818 – never leaves this file
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.malformed = CapMalformed(reason=reason, detail=detail)


def read(data: bytes) -> Alert | CapMalformed:
    try:
        return _alert(_parsed(data))
    except _Unreadable as unreadable:
        return unreadable.malformed


def _parsed(data: bytes) -> etree._Element:
    if len(data) > MESSAGE_BYTES_MAX:
        raise _Unreadable("too_large", f"more than {MESSAGE_BYTES_MAX} bytes")
    declared = _ENCODING.match(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Unreadable("encoding", f"not UTF-8 from byte {error.start}") from None
    if declared is not None and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise _Unreadable("encoding", "declared as something else than UTF-8")
    # Before any XML library sees it: a document type is where entities come from, and CAP has none.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _Unreadable("doctype", "a document type declaration is not taken")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _Unreadable("xml", f"not well-formed at line {error.lineno or 1}") from None
    return _within_limits(root)


def _within_limits(root: etree._Element) -> etree._Element:
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise _Unreadable("not_cap", f"the document is no alert of {NAMESPACE}")
    for count, element in enumerate(root.iter(), 1):
        if count > ELEMENTS_MAX:
            raise _Unreadable("limit", f"more than {ELEMENTS_MAX} elements")
        if len(element.text or "") > TEXT_CHARS_MAX:
            raise _Unreadable("limit", f"a text of more than {TEXT_CHARS_MAX} characters")
        counts = Counter(_local(child) for child in element)
        for tag, limit in REPEATS_MAX.items():
            if counts[tag] > limit:
                raise _Unreadable("limit", f"more than {limit} {tag} elements")
    problem = schema_problem(root)
    if problem is not None:
        raise _Unreadable("schema", problem)
    return root


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _alert(root: etree._Element) -> Alert:
    references = parse_references(_text(root, "references"))
    if references is None or len(references) > REFERENCES_MAX:
        raise _Unreadable("rule", f"references are at most {REFERENCES_MAX} times sender,identifier,sent")
    alert = Alert(
        identifier=_text(root, "identifier"),
        sender=_text(root, "sender"),
        sent=_text(root, "sent"),
        status=Status(_text(root, "status")),
        msg_type=MsgType(_text(root, "msgType")),
        scope=Scope(_text(root, "scope")),
        source=_text(root, "source"),
        restriction=_text(root, "restriction"),
        addresses=parse_words(_text(root, "addresses")),
        codes=_texts(root, "code"),
        note=_text(root, "note"),
        references=references,
        incidents=parse_words(_text(root, "incidents")),
        infos=tuple(_info(element) for element in _children(root, "info")),
    )
    problem = problem_of(alert)
    if problem is not None:
        raise _Unreadable("rule", problem)
    return alert


def _info(element: etree._Element) -> Info:
    return Info(
        categories=tuple(CapCategory(text) for text in _texts(element, "category")),
        event=_text(element, "event"),
        urgency=Urgency(_text(element, "urgency")),
        severity=Severity(_text(element, "severity")),
        certainty=Certainty(_text(element, "certainty")),
        language=_text(element, "language"),
        response_types=tuple(ResponseType(text) for text in _texts(element, "responseType")),
        audience=_text(element, "audience"),
        event_codes=_named(element, "eventCode"),
        effective=_text(element, "effective"),
        onset=_text(element, "onset"),
        expires=_text(element, "expires"),
        sender_name=_text(element, "senderName"),
        headline=_text(element, "headline"),
        description=_text(element, "description"),
        instruction=_text(element, "instruction"),
        web=_text(element, "web"),
        contact=_text(element, "contact"),
        parameters=_named(element, "parameter"),
        resources=tuple(_resource(child) for child in _children(element, "resource")),
        areas=tuple(_area(child) for child in _children(element, "area")),
    )


def _resource(element: etree._Element) -> Resource:
    size = _text(element, "size")
    return Resource(
        resource_desc=_text(element, "resourceDesc"),
        mime_type=_text(element, "mimeType"),
        size=int(size) if size else None,
        uri=_text(element, "uri"),
        deref_uri=_text(element, "derefUri"),
        digest=_text(element, "digest"),
    )


def _area(element: etree._Element) -> Area:
    circles: list[Circle] = []
    for text in _texts(element, "circle"):
        circle = parse_circle(text.strip())
        if circle is None:
            raise _Unreadable("rule", "a circle is latitude,longitude radius in degrees and kilometres")
        circles.append(circle)
    return Area(
        area_desc=_text(element, "areaDesc"),
        polygons=_texts(element, "polygon"),
        circles=tuple(circles),
        geocodes=_named(element, "geocode"),
        altitude=_text(element, "altitude"),
        ceiling=_text(element, "ceiling"),
    )


def _children(element: etree._Element, tag: str) -> list[etree._Element]:
    return element.findall(f"{{{NAMESPACE}}}{tag}")


def _texts(element: etree._Element, tag: str) -> tuple[str, ...]:
    return tuple(child.text or "" for child in _children(element, tag))


def _text(element: etree._Element, tag: str) -> str:
    return element.findtext(f"{{{NAMESPACE}}}{tag}") or ""


def _named(element: etree._Element, tag: str) -> tuple[Named, ...]:
    return tuple(
        Named(name=_text(child, "valueName"), value=_text(child, "value")) for child in _children(element, tag)
    )
