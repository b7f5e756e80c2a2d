"""The telephone script of a case, and what must be written down about the call.

One rule: it is made when it is looked at, from the case as it stands; what was said is what the operator records.
"""

from __future__ import annotations

from collections.abc import Mapping

from arcd.core.case import outgoing, texts
from arcd.core.case.authority import gate, words
from arcd.core.case.model import Case, Dispatch
from arcd.core.state import State
from arcd.core.turn import text_in


def phone_script(state: State, case: Case, language: str, *, news: str = "") -> tuple[str, ...]:
    values = values_of(state, case, language, news=news)
    lines = [_filled(text_in(line, language), values) for line in words.SCRIPT]
    return tuple(line for line in lines if line)


def values_of(state: State, case: Case, language: str, *, news: str = "") -> dict[str, str]:
    """What scripts and messages may speak of; "" for what is not known."""
    site = state.sites.get(case.site_id)
    centre = outgoing.centre_of(state)
    device = gate.erc_device(site, case)
    values = outgoing.values_in(state, case, language)
    parts = (values["site_name"], values["site_address"], site.municipality if site else "")
    return {
        **values,
        "centre_name": centre.name,
        "where": ", ".join(part for part in parts if part),
        "level": text_in(words.LEVELS[gate.level_of(case)], language),
        "same_event": texts.render(text_in(words.SAME_EVENT, language), {"device": device}) if device else "",
        "hazards": ", ".join(site.hazards) if site else "",
        "guard": guard_text(state, case),
        "news": news,
    }


def guard_text(state: State, case: Case) -> str:
    """Who is on the way, and when they are expected (ASAP: what a dispatcher asks back)."""
    dispatch = current_dispatch(case)
    guard = outgoing.centre_of(state).guard(dispatch.guard_id) if dispatch is not None else None
    if dispatch is None or guard is None:
        return ""
    site = state.sites.get(case.site_id)
    eta = f", {texts.local_clock(dispatch.eta, site.timezone)}" if dispatch.eta and site else ""
    return f"{guard.name}{eta}"


def current_dispatch(case: Case) -> Dispatch | None:
    return next((dispatch for dispatch in reversed(case.dispatches) if dispatch.guard_id), None)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """ "" for a line whose one value is not known."""
    named = [name for name in values if "{" + name + "}" in template]
    return "" if named and not any(values[name] for name in named) else texts.render(template, values)
