"""One entry of the journal in a line or two of a report, in the reader's language.

One rule: what people wrote and machines sent is repeated as it was; only the name of what happened is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from arcd.store import Entry

# Kind of fact → what happened, (fi, sv, en). A kind that is not here is shown by its own name.
KINDS: Mapping[str, tuple[str, str, str]] = {
    "frame_received": ("Ilmoitus vastaanotettu", "Meddelande mottaget", "Message received"),
    "frame_malformed": ("Virheellinen sanoma", "Felaktigt meddelande", "Malformed message"),
    "deadline_reached": ("Määräaika täyttyi", "Tidsgräns nådd", "A time limit was reached"),
    "effect_reported": ("Lähetyksen tulos", "Resultat av utskick", "Outcome of a message sent"),
    "case_open_requested": ("Tapahtuma avattiin käsin", "Ärendet öppnades manuellt", "Case opened by hand"),
    "case_move_requested": ("Tapahtuman tila muutettiin", "Ärendets läge ändrades", "Case moved"),
    "case_noted": ("Muistiinpano", "Anteckning", "Note"),
    "case_step_requested": ("Toimintaohjeen vaihe", "Steg i åtgärdsplanen", "Step of the response plan"),
    "claim_renew_requested": ("Käsittely jatkui", "Handläggningen fortsatte", "Still in hand"),
    "sla_clock_requested": ("Vasteajan laskenta", "Svarstidens räkning", "Response time clock"),
    "guard_answered": ("Vartijan vastaus", "Väktarens svar", "The guard's answer"),
    "authority_requested": ("Viranomaisilmoitus", "Anmälan till myndighet", "Authority notification"),
    "authority_called": ("Puhelu viranomaiselle", "Samtal till myndighet", "Call to an authority"),
    "authority_answered": ("Viranomaisen vastaus", "Myndighetens svar", "The authority's answer"),
    "identity_checked": ("Henkilöllisyys tarkistettu", "Identitet kontrollerad", "Identity checked"),
    "operator_answered": ("Operaattorin vastaus", "Operatörens svar", "Answer of the transmission operator"),
    "party_informed": ("Osapuolelle ilmoitettu", "Part informerad", "A party was informed"),
    "relay_requested": ("Etäohjaus", "Fjärrstyrning", "Remote control"),
    "signal_promoted": ("Ilmoitus otettiin käsittelyyn", "Meddelandet togs upp", "Signal taken up"),
    "flag_start_requested": ("Koestus tai huolto alkoi", "Test eller service började", "On test or service began"),
    "flag_end_requested": ("Koestus tai huolto päättyi", "Test eller service slutade", "On test or maintenance over"),
    "erasure_requested": ("Sisältöä poistettiin", "Innehåll raderades", "Content was erased"),
    "hold_requested": ("Säilytysmääräys", "Bevarandebeslut", "Legal hold"),
    "sensitive_read": ("Tietoja katsottiin tai luovutettiin", "Uppgifter lästes eller lämnades ut", "Data read"),
}  # fmt: skip
LANGUAGES = ("fi", "sv", "en")

# Fields of facts in which people and machines say something, in the order in which they are told.
_SAID = ("action", "move", "step_id", "answer", "outcome", "text", "note", "reason", "recipient", "detail", "number")


def told(entry: Entry, language: str) -> str:
    titles = KINDS.get(entry.kind)
    title = titles[LANGUAGES.index(language)] if titles is not None else entry.kind
    if entry.payload is None:
        return title
    record = msgspec.json.decode(entry.payload)
    fact: Mapping[str, Any] = record["fact"]
    said = [str(fact[name]) for name in _SAID if isinstance(fact.get(name), str) and fact[name]]
    actor = fact.get("actor")
    by = f" ({actor.get('name') or actor.get('id')})" if isinstance(actor, dict) else ""
    lines = [f"{title}{by}: {', '.join(said)}" if said else f"{title}{by}"]
    received = fact.get("received")
    if isinstance(received, dict):
        lines += [_signal(signal) for signal in received.get("signals", ())]
    return "\n".join(lines)


def _signal(signal: Mapping[str, Any]) -> str:
    where = " ".join(f"{name} {signal[name]}" for name in ("area", "zone", "user") if signal.get(name) is not None)
    text = f" “{signal['text']}”" if signal.get("text") else ""
    return f"{signal['scheme']} {signal['code']} {where}{text}".strip()
