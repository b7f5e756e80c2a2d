"""From a path or transmission system that is down to a person, and back.

One rule: the same road as a panel's signal: held by a flag that names it, matched with its restore, routed by the
packs. A path and a system are two signals: `path_fault`, whose family names the path, and `ats_fault`.
"""

from __future__ import annotations

from arcd.core.calendars import local_text
from arcd.core.case.texts import render
from arcd.core.conditioning import pipeline
from arcd.core.conditioning.arrival import arrived
from arcd.core.supervision.paths import SupervisedPath
from arcd.core.turn import Turn, text_in
from protocols.signals import Qualifier, Scheme, Signal
from rules.vocabulary import ARCD_CODES

PATH_FAULT = "path_fault"
ATS_FAULT = "ats_fault"

_SAID: dict[tuple[str, Qualifier], dict[str, str]] = {
    (PATH_FAULT, Qualifier.NEW): {
        "fi": "Siirtotie {path} poikki, viimeksi kuultu {since}; kohde tavoittaa yhä toista tietä",
        "sv": "Överföringsväg {path} bruten, hördes senast {since}; objektet når fram en annan väg",
        "en": "Path {path} is down, last heard {since}; the site still reaches us over another",
    },
    (PATH_FAULT, Qualifier.RESTORE): {
        "fi": "Siirtotie {path} toimii taas",
        "sv": "Överföringsväg {path} fungerar igen",
        "en": "Path {path} is back",
    },
    (ATS_FAULT, Qualifier.NEW): {
        "fi": "Hälytysyhteys poikki, viimeksi kuultu {since}",
        "sv": "Larmförbindelsen bruten, hördes senast {since}",
        "en": "The alarm connection is down, last heard {since}",
    },
    (ATS_FAULT, Qualifier.RESTORE): {
        "fi": "Hälytysyhteys toimii taas",
        "sv": "Larmförbindelsen fungerar igen",
        "en": "The alarm connection is back",
    },
}


def tell(
    turn: Turn, path: SupervisedPath, code: str, qualifier: Qualifier, *, since: int, is_of_storm: bool = False
) -> None:
    entry = next((each for each in turn.directory.of_site(path.site_id) if each.system.id == path.system.id), None)
    if entry is None:
        return  # a system without accounts is not supervised
    turn.refs[f"site/{path.site_id}"] = None
    values = {"path": path.path.id, "since": local_text(entry.site.timezone, since)}
    signal = Signal(
        scheme=Scheme.ARCD,
        code=code,
        category=ARCD_CODES[code],
        qualifier=qualifier,
        family=f"{code}/{path.path.id}" if code == PATH_FAULT else code,
        text=render(text_in(_SAID[code, qualifier], turn.centre.language), values),
    )
    arrival = arrived(
        entry, signal, index=len(turn.judgements), account=path.path.account or entry.account.number,
        seq=turn.seq, at=turn.at, is_of_storm=is_of_storm,
    )  # fmt: skip
    turn.judgements.append(pipeline.judge(turn, arrival))
