"""ATS categories of EN 50136-1: how soon the failure of a path must be reported, and how that time is spent.

One rule: every figure stands in `data/ats_categories.yaml` with its source, and none in code.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec import Struct

from rules import shipped
from rules.yaml_source import read

FILE = "data/ats_categories.yaml"


class AtsCategory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are the longest from the failure of a path to its report, seconds. None: the category has no such path."""

    paths: int
    primary_s: float
    alternative_s: float | None = None
    alternative_alone_s: float | None = None  # while the primary path is down
    high: bool = False
    source: str
    verified: bool


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a reporting time is spent; the file says what each of them is for."""

    missed: int
    grace_s: float
    settle_s: float
    settle_part: float
    margin_part: float
    margin_s_max: float


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    verified: bool
    budget: Budget
    categories: dict[str, AtsCategory]


def _read() -> _File:
    document = read(shipped.text(FILE), FILE)
    assert not document.problems, document.problems
    return msgspec.convert(document.plain(), _File, strict=False)


_FILE = _read()
BUDGET = _FILE.budget
CATEGORIES: Mapping[str, AtsCategory] = MappingProxyType(_FILE.categories)
