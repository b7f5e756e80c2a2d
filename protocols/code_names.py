"""What an event code is called, in Finnish, Swedish and English.

One rule: English names are the code tables' own (`data/sia_codes.tsv`, `data/contact_id_codes.tsv`); the other two
stand in `data/code_names.tsv`, and a code without a translation has its English name.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from protocols.event_codes import STANDARD
from protocols.signals import Scheme

LANGUAGES = ("fi", "sv", "en")


def code_name(scheme: Scheme, code: str, language: str) -> str:
    """ "" for a code that is in no table."""
    known = STANDARD.lookup(scheme, code)
    if known is None:
        return ""
    names = _translated().get((scheme.value, code)) if language in ("fi", "sv") else None
    return known.name if names is None else names[0 if language == "fi" else 1]


@cache
def _translated() -> dict[tuple[str, str], tuple[str, str]]:
    text = resources.files("protocols").joinpath("data", "code_names.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {(row["scheme"], row["code"]): (row["fi"], row["sv"]) for row in rows}
