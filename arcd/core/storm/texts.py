"""What a storm says to people.

One rule: who is concerned and how many, in one line; names of nodes as the site base writes them.
"""

from __future__ import annotations

from arcd.core.case.texts import render
from arcd.core.storm.model import Storm
from arcd.core.turn import Turn, text_in

SHOWN_MAX = 10  # sites named

_NODES: dict[str, dict[str, str]] = {
    "daemon": {"fi": "kaikki yhteydet", "sv": "alla förbindelser", "en": "all connections"},
    "listener": {"fi": "vastaanotin {name}", "sv": "mottagare {name}", "en": "receiver {name}"},
    "uplink": {"fi": "oma liittymä {name}", "sv": "egen anslutning {name}", "en": "own uplink {name}"},
    "operator": {"fi": "siirto-operaattori {name}", "sv": "transmissionsoperatör {name}", "en": "operator {name}"},
    "network": {"fi": "verkko {name}", "sv": "nät {name}", "en": "network {name}"},
    "mains": {"fi": "sähkökatko, {name}", "sv": "strömavbrott, {name}", "en": "power failure, {name}"},
}
_TOLD = {
    "fi": "{node}: {failed} poikki, {back} palautunut ({categories}). Suurin riski: {sites}",
    "sv": "{node}: {failed} nere, {back} återställda ({categories}). Högst risk: {sites}",
    "en": "{node}: {failed} down, {back} back ({categories}). Highest risk: {sites}",
}


def node_text(turn: Turn, node: str) -> str:
    kind, _, name = node.partition(":")
    if kind == "operator":
        operator = turn.centre.transmission_operator(name)
        name = operator.name if operator is not None else name
    elif kind == "network":
        name = name.replace(":", " / ")
    return render(text_in(_NODES[kind], turn.centre.language), {"name": name})


def storm_text(turn: Turn, storm: Storm) -> str:
    values = {
        "node": node_text(turn, storm.node),
        "failed": str(storm.children - storm.back),
        "back": str(storm.back),
        "categories": category_text(storm),
        "sites": ", ".join(site for _, site in storm.highest) or "–",
    }
    return render(text_in(_TOLD, turn.centre.language), values)


def category_text(storm: Storm) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(storm.categories.items()))
