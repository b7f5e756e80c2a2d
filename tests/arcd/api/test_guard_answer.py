from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.api.guard_answer import FIELDS_MAX, FORM, JSON, Given, GivenError, read_answer
from arcd.api.guard_page import ETA_MINUTES_MAX
from arcd.api.guard_texts import REFUSALS
from arcd.core.case.dispatch import REPORT_CHARS_MAX
from arcd.core.facts import GuardAnswer

ACCEPT, REPORT = GuardAnswer.ACCEPT, GuardAnswer.REPORT


@pytest.mark.parametrize(
    ("content_type", "body", "eta_s"),
    [
        ("", b"", None),
        (FORM, b"eta_minutes=", None),
        (FORM, b"eta_minutes=12", 720),
        (FORM, b"eta_minutes=+7,5+", 450),
        ("", b"eta_minutes=1", 60),
        (f"{JSON}; charset=utf-8", b'{"eta_minutes": 12}', 720),
        (JSON, b'{"eta_minutes": 0.5}', 30),
        (JSON, b'{"eta_minutes": "12"}', 720),
        (JSON, b'{"eta_minutes": null}', None),
        (JSON, b"{}", None),
        (JSON, f'{{"eta_minutes": {ETA_MINUTES_MAX}}}'.encode(), ETA_MINUTES_MAX * 60),
    ],
)
def test_an_estimate_is_read(content_type: str, body: bytes, eta_s: float | None) -> None:
    assert read_answer(ACCEPT, content_type, body) == Given(eta_s=eta_s)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b'{"eta_minutes": true}'),
        (JSON, b'{"eta_minutes": []}'),
        (JSON, b'{"eta_minutes": "\\u0661\\u0662x"}'),
        (JSON, f'{{"eta_minutes": {ETA_MINUTES_MAX + 1}}}'.encode()),
        (JSON, b"1" * 400),
        (JSON, b"[" * 100_000),
        (FORM, b"eta_minutes=inf"),
        (FORM, urlencode({f"f{n}": "x" for n in range(FIELDS_MAX + 5)}).encode()),
        (FORM, b"\xff\xfe=1"),
        ("multipart/form-data", b"x"),
    ],
)
def test_what_cannot_be_read_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(GivenError) as caught:
        read_answer(ACCEPT, content_type, body)
    assert caught.value.rule == "request"


def test_a_report_is_read_from_a_form_and_from_json() -> None:
    report = {"findings": "ikkuna rikki\nlasia", "measures": "levy & naulat"}
    form = urlencode(report | {"findings": "ikkuna rikki\r\nlasia"}).encode()
    assert read_answer(REPORT, FORM, form).report == report
    assert read_answer(REPORT, JSON, json.dumps(report).encode()).report == report
    assert read_answer(REPORT, JSON, json.dumps({"report": report}).encode()).report == report


def test_a_report_too_long_or_not_text_does_not_reach_the_journal() -> None:
    for body, rule in (({"findings": "x" * (REPORT_CHARS_MAX + 1)}, "report.length"), ({"findings": 5}, "request")):
        with pytest.raises(GivenError) as caught:
            read_answer(REPORT, JSON, json.dumps(body).encode())
        assert caught.value.rule == rule
        assert rule in REFUSALS
    with pytest.raises(GivenError):
        read_answer(REPORT, JSON, json.dumps({f"f{n}": "x" for n in range(FIELDS_MAX + 1)}).encode())


@given(st.sampled_from(list(GuardAnswer)), st.sampled_from([JSON, FORM, "", "text/plain"]), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(answer: GuardAnswer, content_type: str, body: bytes) -> None:
    try:
        given_ = read_answer(answer, content_type, body)
    except GivenError:
        return
    assert given_.eta_s is None or 0 <= given_.eta_s <= ETA_MINUTES_MAX * 60


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20), st.text(max_size=50).filter(lambda text: "\r" not in text), max_size=7
    )
)
def test_a_form_gives_back_what_was_typed(report: dict[str, str]) -> None:
    assert read_answer(REPORT, FORM, urlencode(report).encode()).report == report
