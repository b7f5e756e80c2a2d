"""A CAP 1.2 message as XML bytes.

One rule: the same message gives the same bytes, always, so that a message sent twice is recognised as one. Elements
stand in the order of the schema; what is empty is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from protocols.cap.message import Alert, Area, Info, Named, Resource
from protocols.cap.profile import circle_text, problem_of, words_text
from protocols.cap.schema import NAMESPACE

# XML 1.0 2.2: everything else cannot stand in a document at all, not even escaped. Panels send such characters.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REPLACEMENT = "\ufffd"


def write(alert: Alert) -> bytes:
    """UTF-8 with an XML declaration. The message must keep the rules of the profile."""
    problem = problem_of(alert)
    assert problem is None, problem
    namespaces: dict[str | None, str] = {None: NAMESPACE}
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap=namespaces)  # type: ignore[arg-type]  # – the stubs forget None
    _texts(
        root,
        ("identifier", alert.identifier), ("sender", alert.sender), ("sent", alert.sent),
        ("status", alert.status), ("msgType", alert.msg_type), ("source", alert.source), ("scope", alert.scope),
        ("restriction", alert.restriction), ("addresses", words_text(alert.addresses)),
        *(("code", code) for code in alert.codes),
        ("note", alert.note), ("references", " ".join(map(str, alert.references))),
        ("incidents", words_text(alert.incidents)),
    )  # fmt: skip
    for info in alert.infos:
        _info(root, info)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _info(root: etree._Element, info: Info) -> None:
    element = _element(root, "info")
    _texts(
        element,
        ("language", info.language), *(("category", category) for category in info.categories), ("event", info.event),
        *(("responseType", response) for response in info.response_types),
        ("urgency", info.urgency), ("severity", info.severity), ("certainty", info.certainty),
        ("audience", info.audience),
    )  # fmt: skip
    _named(element, "eventCode", info.event_codes)
    _texts(
        element,
        ("effective", info.effective), ("onset", info.onset), ("expires", info.expires),
        ("senderName", info.sender_name), ("headline", info.headline), ("description", info.description),
        ("instruction", info.instruction), ("web", info.web), ("contact", info.contact),
    )  # fmt: skip
    _named(element, "parameter", info.parameters)
    for resource in info.resources:
        _resource(element, resource)
    for area in info.areas:
        _area(element, area)


def _resource(info: etree._Element, resource: Resource) -> None:
    element = _element(info, "resource")
    size = "" if resource.size is None else str(resource.size)
    _texts(
        element,
        ("resourceDesc", resource.resource_desc), ("mimeType", resource.mime_type), ("size", size),
        ("uri", resource.uri), ("derefUri", resource.deref_uri), ("digest", resource.digest),
    )  # fmt: skip


def _area(info: etree._Element, area: Area) -> None:
    element = _element(info, "area")
    _texts(
        element,
        ("areaDesc", area.area_desc), *(("polygon", polygon) for polygon in area.polygons),
        *(("circle", circle_text(circle)) for circle in area.circles),
    )  # fmt: skip
    _named(element, "geocode", area.geocodes)
    _texts(element, ("altitude", area.altitude), ("ceiling", area.ceiling))


def _element(parent: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}")


def _texts(parent: etree._Element, *pairs: tuple[str, str]) -> None:
    for tag, text in pairs:
        if text:
            _element(parent, tag).text = _NO_XML.sub(REPLACEMENT, text)


def _named(parent: etree._Element, tag: str, values: Iterable[Named]) -> None:
    for each in values:
        element = _element(parent, tag)
        # Both are mandatory, also where they are empty.
        for part, text in (("valueName", each.name), ("value", each.value)):
            _element(element, part).text = _NO_XML.sub(REPLACEMENT, text)
