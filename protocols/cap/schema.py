"""The XML schema of CAP 1.2 (`cap.xsd`, written here from the structure the standard publishes), loaded once.

One rule: the only file of this package that reads another file, and only at import.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, cast

from lxml import etree

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SCHEMA_TEXT = files("protocols.cap").joinpath("cap.xsd").read_bytes()

_ELEMENT = re.compile(r"^Element '\{[^}]*\}(\w+)'")
_schema = etree.XMLSchema(etree.fromstring(SCHEMA_TEXT, etree.XMLParser(resolve_entities=False, no_network=True)))


def schema_problem(root: etree._Element) -> str | None:
    """The first thing the schema objects to, without the values that were sent; None when it is content."""
    if _schema.validate(root):
        return None
    error = cast(Sequence[Any], _schema.error_log)[0]  # the stubs do not know that it is one
    # libxml2 repeats the value it refuses, which may be a person's; the element and the kind of fault are enough.
    named = _ELEMENT.search(error.message)
    kind = error.type_name.removeprefix("SCHEMAV_").lower()
    return f"{named[1] if named else 'the document'} at line {error.line}: {kind}"
