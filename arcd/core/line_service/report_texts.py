"""Words of the report of an exceptional arrangement, in Finnish, Swedish and English.

One rule: labels only; a value is put behind them by `report`.
"""

from __future__ import annotations

LABELS: dict[str, dict[str, str]] = {
    "state": {"fi": "Tila: ", "sv": "Läge: ", "en": "State: "},
    "fault_since": {
        "fi": "Vika alkoi (viimeksi kuultu): ",
        "sv": "Felet började (senast hörd): ",
        "en": "The fault began (last heard): ",
    },
    "detected_at": {"fi": "Vika havaittiin: ", "sv": "Felet upptäcktes: ", "en": "Detected: "},
    "operator_told_at": {
        "fi": "Siirto-operaattorille ilmoitettiin: ",
        "sv": "Transmissionsoperatören underrättades: ",
        "en": "The transmission operator was told: ",
    },
    "limit_at": {"fi": "Aikaraja: ", "sv": "Tidsgräns: ", "en": "Time limit: "},
    "rescue_contacted_at": {
        "fi": "Pelastuslaitokseen otettiin yhteyttä: ",
        "sv": "Räddningsverket kontaktades: ",
        "en": "The rescue department was contacted: ",
    },
    "decided_at": {"fi": "Pelastuslaitos päätti: ", "sv": "Räddningsverket beslutade: ", "en": "It decided: "},
    "ordered_at": {"fi": "Järjestely tilattiin: ", "sv": "Arrangemanget beställdes: ", "en": "Ordered: "},
    "began_at": {"fi": "Järjestely alkoi: ", "sv": "Arrangemanget började: ", "en": "In force from: "},
    "restored_at": {"fi": "Yhteys palautui: ", "sv": "Förbindelsen återställdes: ", "en": "The line came back: "},
    "verified_at": {"fi": "Yhteys varmistettiin: ", "sv": "Förbindelsen kontrollerades: ", "en": "Verified: "},
    "closed_at": {"fi": "Päätettiin: ", "sv": "Avslutades: ", "en": "Closed: "},
    "down_s": {"fi": "Yhteys poikki: ", "sv": "Förbindelsen bruten: ", "en": "The line was down for: "},
    "in_force_s": {
        "fi": "Järjestely voimassa: ",
        "sv": "Arrangemanget i kraft: ",
        "en": "The arrangement was in force for: ",
    },
    "rounds": {"fi": "Ilmoitettuja kierroksia: ", "sv": "Anmälda ronder: ", "en": "Rounds reported: "},
    "rounds_missed": {"fi": "Myöhästyneitä kierroksia: ", "sv": "Försenade ronder: ", "en": "Rounds late: "},
    "failed_again": {
        "fi": "Yhteys katkesi uudelleen, kertaa: ",
        "sv": "Förbindelsen bröts på nytt, gånger: ",
        "en": "The line failed again, times: ",
    },
    "cost_eur": {"fi": "Kustannukset: ", "sv": "Kostnader: ", "en": "Cost: "},
    "informed": {"fi": "Tiedotetut", "sv": "Underrättade", "en": "Who was told"},
    "nobody": {"fi": "ei ketään", "sv": "ingen", "en": "nobody"},
    "told_over": {"fi": "; päättymisestä ", "sv": "; om slutet ", "en": "; of the end "},
    "told_by_notice": {
        "fi": "; päättymisestä erillisellä ilmoituksella",
        "sv": "; om slutet genom ett eget meddelande",
        "en": "; of the end by a notice of its own",
    },
    "course": {"fi": "Tapahtumien kulku", "sv": "Händelseförlopp", "en": "What happened"},
}
