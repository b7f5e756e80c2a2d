"""The guard's page: one screen of a phone, no script, nothing loaded from anywhere.

One rule: it says what `guard_job.Job` says. Every button is a form that POSTs; opening the page changes nothing,
because mail scanners open links.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping

from msgspec import Struct

from arcd.api.guard_job import Job, Place, Standing
from arcd.api.guard_texts import (
    ANSWERS,
    LANGUAGE_NAMES,
    LANGUAGES,
    PAGE,
    REPORT,
    REPORT_FLAGS,
    STANDINGS,
    STATUSES,
    YES_NO,
    Texts,
)
from arcd.api.markup import Markup, document, element, lines, together
from arcd.core.case.dispatch import REPORT_CHARS_MAX
from arcd.core.facts import GuardAnswer

ETA_MINUTES_MAX = 24 * 60

STYLE = """
:root{color-scheme:light dark;font:18px/1.4 system-ui,sans-serif}
body{margin:0 auto;padding:1rem;max-width:36rem}
h1{font-size:1.3rem;margin:.5rem 0}h2{font-size:1.05rem;margin:1.4rem 0 .3rem}
p,ul,dl{margin:.3rem 0}ul{padding-left:1.2rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem}dd{margin:0;font-weight:600}
.notice{border-left:.4rem solid #2a7;padding:.5rem .8rem;background:#2a72}
.refused{border-color:#c33;background:#c332}
.hazards{border-left:.4rem solid #e90;padding:.3rem .8rem;background:#e902}
form{margin:.6rem 0}label{display:block;margin:.6rem 0 .2rem}
input,textarea{box-sizing:border-box;width:100%;font:inherit;padding:.5rem}
textarea{min-height:5rem}
button{width:100%;min-height:3.2rem;font:inherit;font-weight:600;border-radius:.5rem;border:1px solid #888}
button.accept{background:#2a7;color:#fff}
nav{margin-top:2rem;font-size:.85rem}
"""
# CSP 3, 2.3.1 hash-source: only this very style sheet is applied.
STYLE_SOURCE = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"

_LONG_FIELDS = frozenset({"findings", "measures", "persons"})


class Notice(Struct, frozen=True, kw_only=True):
    """What became of the answer that was just given."""

    text: str
    refused: bool = False


def job_page(job: Job, *, href: str, notice: Notice | None = None, entered: Mapping[str, str] | None = None) -> bytes:
    """`href` leads to the page itself, relative to where the browser is; `entered` fills the report form again."""
    language = job.language
    title = f"{PAGE['title'][language]} {job.case_id}".strip()
    if not job.guard_id:
        return plain_page(STANDINGS[Standing.ENDED])
    return document(
        language,
        title,
        STYLE,
        element("h1", f"{job.category.capitalize()} – {job.place.name}" if job.place else title),
        element("p", notice.text, class_="notice refused" if notice.refused else "notice", role="status")
        if notice is not None
        else None,
        element("p", STANDINGS[job.standing][language].format(time=job.answer_by_local)),
        _facts(job),
        _site(job.place, language) if job.place is not None else None,
        _happened(job),
        _forms(job, href, entered or {}),
        _languages(job, href),
    )


def plain_page(texts: Texts) -> bytes:
    """One sentence in every language."""
    title = PAGE["title"]["en"]
    return document("en", title, STYLE, *(element("p", texts[language], lang=language) for language in LANGUAGES))


def _facts(job: Job) -> Markup | None:
    language = job.language
    rows = [
        ("status", STATUSES[job.status][language] if job.status is not None else ""),
        ("priority", job.priority),
        ("eta", job.eta_local),
        ("on_site", job.on_site_local),
    ]
    told = [(PAGE[name][language], value) for name, value in rows if value]
    if not told:
        return None
    return element("dl", *(part for name, value in told for part in (element("dt", name), element("dd", value))))


def _site(place: Place, language: str) -> Markup:
    address = ", ".join(part for part in (place.address, place.municipality) if part)
    return together(
        element("h2", PAGE["site"][language]),
        element("p", place.name),
        element("p", address) if address else None,
        element(
            "section",
            element("h2", PAGE["hazards"][language]),
            element("ul", *(element("li", hazard) for hazard in place.hazards)),
            class_="hazards",
        )
        if place.hazards
        else None,
        together(element("h2", PAGE["instructions"][language]), element("p", lines(place.instructions)))
        if place.instructions.strip()
        else None,
    )


def _happened(job: Job) -> Markup | None:
    if not job.happened:
        return None
    language = job.language
    told = [
        _sentence([each.at_local, each.what, *_where(each.area, each.zone, language), each.zone_name])
        for each in job.happened
    ]
    if job.left_out:
        told.insert(1, PAGE["left_out"][language].format(job.left_out))
    return together(element("h2", PAGE["happened"][language]), element("ul", *(element("li", each) for each in told)))


def _where(area: str, zone: str, language: str) -> list[str]:
    named = ((PAGE["area"][language], area), (PAGE["zone"][language], zone))
    return [f"{name} {value}" for name, value in named if value]


def _sentence(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)


def _forms(job: Job, href: str, entered: Mapping[str, str]) -> Markup | None:
    if not job.answers:
        return None
    buttons = [answer for answer in job.answers if answer is not GuardAnswer.REPORT]
    return together(
        element("h2", PAGE["answer"][job.language]) if buttons else None,
        *(_answer_form(job, href, answer) for answer in buttons),
        _report_form(job, href, entered) if GuardAnswer.REPORT in job.answers else None,
    )


def _answer_form(job: Job, href: str, answer: GuardAnswer) -> Markup:
    """One button; with the two that say "I am coming" goes the estimate."""
    language = job.language
    field = None
    if answer in (GuardAnswer.ACCEPT, GuardAnswer.EN_ROUTE):
        name = f"eta-{answer.value}"
        field = together(
            element("label", PAGE["eta_minutes"][language], for_=name),
            element(
                "input", id=name, name="eta_minutes", type="number", min=0, max=ETA_MINUTES_MAX, inputmode="numeric"
            ),
        )
    return element(
        "form",
        field,
        element("button", ANSWERS[answer][language], class_=answer.value),
        method="post",
        action=_action(job, href, answer),
    )


def _report_form(job: Job, href: str, entered: Mapping[str, str]) -> Markup:
    language = job.language
    filled = {"arrival": job.on_site_local, **{name: value for name, value in entered.items() if value}}
    fields = []
    for name, title in REPORT.items():
        value = filled.get(name, "")
        fields.append(element("label", title[language], for_=name))
        if name in _LONG_FIELDS:
            # The browser drops one line end after the tag; this keeps a text that begins with one.
            fields.append(
                element("textarea", "\n", value, id=name, name=name, required=True, maxlength=REPORT_CHARS_MAX)
            )
        else:
            fields.append(element("input", id=name, name=name, value=value, required=True, maxlength=REPORT_CHARS_MAX))
    for name, title in REPORT_FLAGS.items():
        fields.append(element("label", title[language], for_=name))
        choices = [element("option", "", value="")]  # none is chosen: a guard has to say which
        choices += [
            element("option", text[language], value=value, selected=filled.get(name) == value)
            for value, text in YES_NO.items()
        ]
        fields.append(element("select", *choices, id=name, name=name, required=True))
    return together(
        element("h2", PAGE["report"][language]),
        element("p", PAGE["report_help"][language]),
        element(
            "form",
            *fields,
            element("p", element("button", ANSWERS[GuardAnswer.REPORT][language], class_="accept")),
            method="post",
            action=_action(job, href, GuardAnswer.REPORT),
        ),
    )


def _action(job: Job, href: str, answer: GuardAnswer) -> str:
    return f"{href}/{answer.value}?lang={job.language}"


def _languages(job: Job, href: str) -> Markup:
    others = [language for language in LANGUAGES if language != job.language]
    links = [element("a", LANGUAGE_NAMES[other], href=f"{href}?lang={other}", lang=other) for other in others]
    return element("nav", links[0], " · ", *links[1:])
