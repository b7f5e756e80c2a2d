"""The readable part of a package of evidence: one page in one language, made to be printed.

One rule: it tells what the journal tells, with both clocks, and nothing that the package does not prove. No script,
nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from arcd.api.evidence_story import LANGUAGES, told
from arcd.api.instants import rfc3339
from arcd.api.markup import Markup, document, element, lines, together
from arcd.auditing.bundle import Bundle, ProvedEntry
from arcd.core.case.texts import local_clock

STYLE = """
body{font:11pt/1.45 'Liberation Sans',Arial,sans-serif;color:#111;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:1.8rem 0 .4rem;border-bottom:1px solid #999}
table{border-collapse:collapse;width:100%;margin:.3rem 0}th,td{text-align:left;vertical-align:top;padding:.25rem .5rem}
th{width:14rem;font-weight:600}table.list th{width:auto;border-bottom:1px solid #999}td{border-bottom:1px solid #ddd}
td.hash,p.hash{font:9pt monospace;word-break:break-all}p.quiet,span.quiet{color:#555}td.when{white-space:nowrap}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}
"""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "fi": {
        "title": "Tapahtumaselvitys", "case": "Tapahtuma", "site": "Kohde", "address": "Osoite", "type": "Laji",
        "state": "Tila", "priority": "Kiireellisyys", "opened": "Avattu", "acknowledged": "Otettu käsittelyyn",
        "closed": "Suljettu", "by": "tekijä", "disposition": "Lopputulos", "verification": "Varmistustaso",
        "signals": "Ilmoitukset", "when": "Aika", "received": "Vastaanotettu", "code": "Koodi", "what": "Mitä",
        "where": "Missä", "steps": "Toimintaohjeen vaiheet", "step": "Vaihe", "dispatches": "Vartijatehtävät",
        "guard": "Vartija", "notes": "Muistiinpanot", "note": "Merkintä",
        "story": "Tapahtumien kulku päiväkirjan mukaan",
        "entry": "Merkintä nro", "kind": "Laji", "custody": "Luovutustiedot", "exporter": "Luovuttaja",
        "exported": "Luovutettu", "recipient": "Vastaanottaja", "reason": "Peruste", "data": "Voimassa olleet tiedot",
        "rules": "Säännöt", "proof": "Todistus", "size": "Päiväkirjan koko", "keys": "Allekirjoitusavain",
        "whole": "sisältö mukana", "withheld": "sisältöä ei luovuteta", "erased": "sisältö poistettu",
        "proof only": "vain todiste", "content": "Sisältö", "entries": "merkintää", "local": "paikallinen aika",
        "how": "Tämän paketin aitouden voi tarkistaa ilman hälytyskeskusta: python3 -I verify.py. Jokainen merkintä on "
        "osa päiväkirjaa, jonka koon ja tiivisteen hälytyskeskus on allekirjoittanut.",
        "centre": "Hälytyskeskus", "none": "ei ole", "repeats": "toistoja", "area": "alue", "zone": "ilmaisin",
        "left_out": "Tässä välissä {} muuta ilmoitusta. Ne ovat jäljempänä tapahtumien kulussa.",
    },
    "sv": {
        "title": "Händelseutredning", "case": "Ärende", "site": "Objekt", "address": "Adress", "type": "Slag",
        "state": "Läge", "priority": "Prioritet", "opened": "Öppnat", "acknowledged": "Tagits emot",
        "closed": "Avslutat", "by": "av", "disposition": "Utfall", "verification": "Verifieringsnivå",
        "signals": "Meddelanden", "when": "Tid", "received": "Mottaget", "code": "Kod", "what": "Vad",
        "where": "Var", "steps": "Åtgärdsplanens steg", "step": "Steg", "dispatches": "Väktaruppdrag",
        "guard": "Väktare", "notes": "Anteckningar", "note": "Anteckning", "story": "Händelseförloppet ur journalen",
        "entry": "Post nr", "kind": "Slag", "custody": "Utlämning", "exporter": "Utlämnad av",
        "exported": "Utlämnad", "recipient": "Mottagare", "reason": "Grund", "data": "Gällande uppgifter",
        "rules": "Regler", "proof": "Bevis", "size": "Journalens storlek", "keys": "Signeringsnyckel",
        "whole": "innehållet medföljer", "withheld": "innehållet undanhållet", "erased": "innehållet raderat",
        "proof only": "endast bevis", "content": "Innehåll", "entries": "poster", "local": "lokal tid",
        "how": "Paketets äkthet kan kontrolleras utan larmcentralen: python3 -I verify.py. Varje post ingår i den "
        "journal vars storlek och kontrollsumma larmcentralen har signerat.",
        "centre": "Larmcentral", "none": "saknas", "repeats": "upprepningar", "area": "område", "zone": "detektor",
        "left_out": "Däremellan ytterligare {} meddelanden. De finns nedan i händelseförloppet.",
    },
    "en": {
        "title": "Incident report", "case": "Case", "site": "Site", "address": "Address", "type": "Kind",
        "state": "State", "priority": "Priority", "opened": "Opened", "acknowledged": "Taken in hand",
        "closed": "Closed", "by": "by", "disposition": "Disposition", "verification": "Verification level",
        "signals": "Signals", "when": "Time", "received": "Received", "code": "Code", "what": "What",
        "where": "Where", "steps": "Steps of the response plan", "step": "Step", "dispatches": "Guard jobs",
        "guard": "Guard", "notes": "Notes", "note": "Note", "story": "The course of events, from the journal",
        "entry": "Entry no.", "kind": "Kind", "custody": "Chain of custody", "exporter": "Exported by",
        "exported": "Exported", "recipient": "For", "reason": "Reason", "data": "Data in force",
        "rules": "Rules", "proof": "Proof", "size": "Size of the journal", "keys": "Signing key",
        "whole": "content included", "withheld": "content withheld", "erased": "content erased",
        "proof only": "proof only", "content": "Content", "entries": "entries", "local": "local time",
        "how": "That this package is genuine can be checked without the centre: python3 -I verify.py. Every entry is "
        "part of the journal whose size and root the centre has signed.",
        "centre": "Alarm receiving centre", "none": "none", "repeats": "repeats", "area": "area", "zone": "zone",
        "left_out": "{} more signals in between. They stand below, in the course of events.",
    },
}  # fmt: skip


# arcd.core.case.model.StepStatus and protocols.signals.Qualifier, in the reader's words: (fi, sv, en).
WORDS: Mapping[str, tuple[str, str, str]] = {
    "pending": ("ei aloitettu", "ej påbörjat", "not begun"),
    "active": ("käynnissä", "pågår", "under way"),
    "overdue": ("myöhässä", "försenat", "overdue"),
    "done": ("tehty", "utfört", "done"),
    "skipped": ("ohitettu", "överhoppat", "skipped"),
    "failed": ("ei onnistunut", "misslyckades", "failed"),
    "not_applicable": ("ei sovellu", "ej tillämpligt", "not applicable"),
    "new": ("uusi", "ny", "new"),
    "restore": ("palautus", "återställning", "restore"),
    "status": ("tilatieto", "status", "status"),
}


def word(name: str, language: str) -> str:
    words = WORDS.get(name)
    return name if words is None else words[LANGUAGES.index(language)]


class Custody(Struct, frozen=True, kw_only=True):
    """Who took the package away: the chain of custody begins here."""

    exporter: str
    at: int
    reason: str
    recipient: str
    centre: str


def evidence_report(bundle: Bundle, case: Mapping[str, Any], custody: Custody, language: str, timezone: str) -> bytes:
    """`case` is the case as the API shows it in this language."""
    texts = TEXTS[language]

    def both(at: int) -> str:
        return f"{local_clock(at, timezone)}\n({rfc3339(at)})"

    return document(
        language,
        f"{texts['title']} {bundle.case_id}",
        STYLE,
        element("h1", f"{texts['title']} {bundle.case_id}"),
        element("p", case["title"], class_="quiet"),
        _facts(texts, case),
        _custody(texts, custody, both),
        _signals(texts, language, case),
        _steps(texts, language, case),
        _notes(texts, case["notes"]),
        _story(texts, language, bundle.entries, both),
        _proof(texts, bundle, both),
    )


def _rows(*rows: tuple[str, Any]) -> Markup:
    shown = [element("tr", element("th", name), element("td", _text(value))) for name, value in rows if value]
    return element("table", together(*shown))


def _text(value: object) -> Markup:
    return value if isinstance(value, Markup) else lines(str(value))


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Markup:
    head = element("tr", together(*(element("th", name) for name in heads)))
    body = [element("tr", together(*(element("td", _text(cell)) for cell in row))) for row in rows]
    return element("table", head, together(*body), class_="list")


def _facts(texts: Mapping[str, str], case: Mapping[str, Any]) -> Markup:
    site = case["site"] or {}
    address = ", ".join(str(site[name]) for name in ("address", "municipality") if site.get(name))
    acknowledged = (
        f"{case['acknowledged_at']} {texts['by']} {case['acknowledged_by']}" if case["acknowledged_at"] else ""
    )
    return _rows(
        (texts["site"], f"{case['site_id']} {case['site_name']}".strip()),
        (texts["address"], address),
        (texts["type"], " · ".join(part for part in (case["type_title"], case["category_text"]) if part)),
        (texts["state"], case["state_title"]),
        (texts["priority"], case["priority"]),
        (texts["opened"], f"{case['opened_at_local']} ({case['opened_at']})"),
        (texts["acknowledged"], acknowledged),
        (texts["closed"], case["closed_at"]),
        (texts["disposition"], case["disposition"]),
        (texts["verification"], case["verification"]),
    )


def _custody(texts: Mapping[str, str], custody: Custody, both: Any) -> Markup:
    return together(
        element("h2", texts["custody"]),
        _rows(
            (texts["centre"], custody.centre),
            (texts["exporter"], custody.exporter),
            (texts["exported"], both(custody.at)),
            (texts["recipient"], custody.recipient),
            (texts["reason"], custody.reason),
        ),
    )


def _signals(texts: Mapping[str, str], language: str, case: Mapping[str, Any]) -> Markup:
    rows: list[Sequence[object]] = [
        (
            f"{signal['at_local']}\n({signal['at']})",
            f"{signal['code']} {signal['name']}".strip(),
            " ".join(
                part
                for part in (signal["category_text"], word(signal["qualifier"], language), signal["text"] or "")
                if part
            ),
            ", ".join(f"{texts[name]} {signal[name]}" for name in ("area", "zone") if signal[name] is not None)
            + (f" {signal['zone_name']}" if signal["zone_name"] else ""),
            signal["repeats"] or "",
        )
        for signal in case["signals"]
    ]
    left_out = case["signals_left_out"]
    if left_out is not None:
        rows.insert(left_out["after"], ("…", "", texts["left_out"].format(left_out["count"]), "", ""))
    heads = [texts[name] for name in ("received", "code", "what", "where", "repeats")]
    return together(element("h2", texts["signals"]), _table(heads, rows))


def _steps(texts: Mapping[str, str], language: str, case: Mapping[str, Any]) -> Markup | None:
    plan = case["plan"]
    if plan is None:
        return None
    rows = [
        (step["title"], word(step["status"], language), step.get("outcome") or "", step.get("note") or "")
        for step in plan["steps"]
    ]
    return together(
        element("h2", texts["steps"]), _table([texts["step"], texts["state"], texts["what"], texts["note"]], rows)
    )


def _notes(texts: Mapping[str, str], notes: Sequence[Mapping[str, Any]]) -> Markup | None:
    if not notes:
        return None
    rows = [(f"{note['at_local']}\n({note['at']})", note["by"], note["text"]) for note in notes]
    return together(element("h2", texts["notes"]), _table([texts["when"], texts["by"], texts["note"]], rows))


def _story(texts: Mapping[str, str], language: str, entries: Sequence[ProvedEntry], both: Any) -> Markup:
    rows = [
        (one.entry.seq, both(one.entry.at), told(one.entry, language), texts[one.content])
        for one in entries
        if one.content != "proof only"
    ]
    heads = [texts[name] for name in ("entry", "when", "what", "content")]
    return together(element("h2", texts["story"]), _table(heads, rows))


def _proof(texts: Mapping[str, str], bundle: Bundle, both: Any) -> Markup:
    data = [(texts[each.what], f"{texts['entry']} {each.seq}, {both(each.at)}\n{each.hash}") for each in bundle.data]
    return together(
        element("h2", texts["data"]),
        _rows(*data),
        element("h2", texts["proof"]),
        element("p", texts["how"]),
        _rows(
            (texts["size"], f"{bundle.note.size} {texts['entries']}, {both(bundle.note.at)}"),
            (texts["keys"], "\n".join(bundle.verifiers)),
        ),
        element("p", lines(bundle.note.text), class_="hash"),
    )
