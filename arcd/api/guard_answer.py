"""Reading what a guard, or a guard company's system, sends with an answer: an estimate, or the report.

One rule: a browser's form and a JSON object say the same things. What is a complete report is decided in the core;
here only what could not be kept at all is turned away, so that it does not fill the journal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from arcd.api.guard_page import ETA_MINUTES_MAX
from arcd.core.case.dispatch import REPORT_CHARS_MAX
from arcd.core.facts import GuardAnswer

FIELDS_MAX = 16  # the report has seven
# Seven fields of 4000 characters; a form writes a letter like ä in six bytes.
BODY_BYTES_MAX = 256 * 1024

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_ETA = "eta_minutes"


class GivenError(Exception):
    """`rule` is a key of `guard_texts.REFUSALS`; the message is for systems and repeats nothing that was sent."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class Given(Struct, frozen=True, kw_only=True):
    eta_s: float | None = None
    report: dict[str, str] = {}


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def read_answer(answer: GuardAnswer, content_type: str, body: bytes) -> Given:
    """An empty body is an answer without particulars. Raises GivenError."""
    fields = _fields(media_type(content_type), body) if body.strip() else {}
    if len(fields) > FIELDS_MAX:
        raise GivenError("request", f"an answer has at most {FIELDS_MAX} fields")
    if answer is GuardAnswer.REPORT:
        return Given(report=_report(fields))
    unknown = sorted(set(fields) - {_ETA})
    if unknown:
        raise GivenError("request", f"{answer.value} takes only {_ETA}; a report goes to …/{GuardAnswer.REPORT.value}")
    return Given(eta_s=_eta_s(fields.get(_ETA)))


def _fields(media: str, body: bytes) -> Mapping[str, object]:
    if media == JSON:
        return _json_fields(body)
    if media in (FORM, ""):
        try:
            pairs = parse_qsl(
                body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX + 1
            )
        except ValueError:
            raise GivenError("request", "the form is not valid UTF-8, or has too many fields") from None
        return dict(pairs)
    raise GivenError("request", f"send {JSON} or {FORM}")


def _json_fields(body: bytes) -> Mapping[str, object]:
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise GivenError("request", "the body is not JSON") from None
    if not isinstance(fields, dict):
        raise GivenError("request", "send a JSON object")
    report = fields.get("report")
    return report if isinstance(report, dict) and len(fields) == 1 else fields


def _report(fields: Mapping[str, object]) -> dict[str, str]:
    report: dict[str, str] = {}
    for name, value in fields.items():
        if not isinstance(value, str):
            raise GivenError("request", "every field of a report is a text")
        if len(value) > REPORT_CHARS_MAX or len(name) > REPORT_CHARS_MAX:
            raise GivenError("report.length", f"a field of the report has at most {REPORT_CHARS_MAX} characters")
        report[name] = value.replace("\r\n", "\n")
    return report


def _eta_s(value: object) -> float | None:
    """Minutes as a number, or as people type one; nothing typed is no estimate."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        minutes = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise GivenError("request", f"{_ETA} is a number") from None
    if not math.isfinite(minutes) or not 0 <= minutes <= ETA_MINUTES_MAX:
        raise GivenError("request", f"{_ETA} is a number from 0 to {ETA_MINUTES_MAX}")
    return minutes * 60
