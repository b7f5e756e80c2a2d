from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from arcd.api.guard_job import Happened, Job, Place, Standing
from arcd.api.guard_page import STYLE_SOURCE, Notice, job_page, plain_page
from arcd.api.guard_texts import LANGUAGES, NO_PAGE, REPORT
from arcd.core.case.model import DispatchStatus
from arcd.core.facts import GuardAnswer

JOB = Job(
    offer_id="C4-1",
    guard_id="g1",
    guard_name="Yksikkö",
    language="en",
    standing=Standing.YOURS,
    case_id="C4",
    status=DispatchStatus.SECURED,
    answers=(GuardAnswer.REPORT, GuardAnswer.CHECK_IN),
    category="intrusion alarm",
    priority="P2",
    place=Place(name="Shop", address="Road 1", municipality="", hazards=(), instructions=""),
    on_site_local="01.01.2026 02:00:00",
)


def page(job: Job = JOB, **changes: object) -> str:
    return job_page(job, href="T", **changes).decode()  # type: ignore[arg-type]  # – named by the caller


def test_the_style_sheet_is_the_one_the_policy_allows() -> None:
    sheet = re.search(r"<style>(.*?)</style>", page(), re.DOTALL)
    assert sheet is not None
    digest = base64.b64encode(hashlib.sha256(sheet[1].encode()).digest()).decode()
    assert f"sha256-{digest}" == STYLE_SOURCE


def test_the_arrival_is_filled_in_and_what_was_typed_wins() -> None:
    assert 'name="arrival" value="01.01.2026 02:00:00"' in page()
    assert 'name="arrival" value="02:10"' in page(entered={"arrival": "02:10"})


def test_empty_sections_are_left_out() -> None:
    text = page()
    for heading in ("Take care", "Instructions", "What happened", "Expected arrival"):
        assert heading not in text


@pytest.mark.parametrize(
    ("language", "words"),
    [("fi", "… välissä 6 muuta ilmoitusta"), ("sv", "… däremellan 6 andra meddelanden"),
     ("en", "… 6 more signals in between")],
)  # fmt: skip
def test_what_is_left_out_stands_behind_the_first_signal(language: str, words: str) -> None:
    happened = tuple(Happened(at_local=f"{n}", what="what", area="", zone="", zone_name="") for n in range(3))
    text = page(replace(JOB, language=language, happened=happened, left_out=6))
    assert re.findall(r"<li>(.*?)</li>", text) == ["0, what", words, "1, what", "2, what"]
    assert words not in page(replace(JOB, language=language, happened=happened))


def test_a_report_field_is_required_and_bounded() -> None:
    assert page().count(' required maxlength="4000"') == len(REPORT)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("standing", list(Standing))
def test_every_page_can_be_written(language: str, standing: Standing) -> None:
    for status in DispatchStatus:
        job = replace(JOB, language=language, standing=standing, status=status, answers=tuple(GuardAnswer))
        text = page(job, notice=Notice(text="<n>", refused=True))
        assert "&lt;n&gt;" in text
        assert "{" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL), "a placeholder was left"


def test_a_plain_page_says_it_in_every_language() -> None:
    text = plain_page(NO_PAGE).decode()
    assert all(sentence in text for sentence in NO_PAGE.values())


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_becomes_markup(name: str, typed: str) -> None:
    """Whatever people wrote anywhere, the page has the same elements."""

    def tags(text: str, entry: str) -> list[str]:
        text = f"x{text}"  # what is empty is left out, with its elements
        place = Place(name=text, address=text, municipality=text, hazards=(text,), instructions=text)
        happened = Happened(at_local=text, what=text, area=text, zone=text, zone_name=text)
        job = replace(JOB, place=place, happened=(happened,), category=text, case_id=text)
        return re.findall(r"<[^>]*?[ >]", page(job, entered={"findings": entry}))

    assert [tag for tag in tags(name, typed) if tag != "<br>"] == tags("x", "x")
