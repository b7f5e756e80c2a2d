"""What the machine writes about lines: to transmission operators, and to those who were told of a matter.

One rule: nothing here decides anything.
"""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "fault.subject": {
        "fi": "Vikailmoitus {notice_id}: hälytysyhteys poikki, {site_name}",
        "sv": "Felanmälan {notice_id}: larmförbindelsen bruten, {site_name}",
        "en": "Fault report {notice_id}: alarm connection down, {site_name}",
    },
    "fault.body": {
        "fi": (
            "Hälytysyhteys kohteeseen {site_name}, {site_address}, on poikki.\n\n{lines}\n\n"
            "Pyydämme aloittamaan vianselvityksen heti ja ilmoittamaan vikanumeron ja arvioidun korjausajan.\n"
            "Viitteemme: {notice_id}\n{centre_name}{phone}\n"
        ),
        "sv": (
            "Larmförbindelsen till {site_name}, {site_address}, är bruten.\n\n{lines}\n\n"
            "Vi ber er påbörja felsökningen genast och meddela felnumret och den beräknade reparationstiden.\n"
            "Vår referens: {notice_id}\n{centre_name}{phone}\n"
        ),
        "en": (
            "The alarm connection to {site_name}, {site_address}, is down.\n\n{lines}\n\n"
            "Please start to look into it at once, and tell us the ticket number and when it is expected to be "
            "repaired.\nOur reference: {notice_id}\n{centre_name}{phone}\n"
        ),
    },
    "wide.subject": {
        "fi": "Vikailmoitus {notice_id}: laaja häiriö, {count} hälytysyhteyttä poikki",
        "sv": "Felanmälan {notice_id}: omfattande störning, {count} larmförbindelser brutna",
        "en": "Fault report {notice_id}: wide disturbance, {count} alarm connections down",
    },
    "wide.body": {
        "fi": (
            "{count} hälytysyhteyttä on katkennut lähes samanaikaisesti. Ensimmäiset niistä:\n\n{lines}\n\n"
            "Pyydämme aloittamaan vianselvityksen heti ja ilmoittamaan vikanumeron ja arvioidun korjausajan. "
            "Yhteyksistä ei lähetetä erillisiä ilmoituksia.\nViitteemme: {notice_id}\n{centre_name}{phone}\n"
        ),
        "sv": (
            "{count} larmförbindelser har brutits nästan samtidigt. De första av dem:\n\n{lines}\n\n"
            "Vi ber er påbörja felsökningen genast och meddela felnumret och den beräknade reparationstiden. "
            "Förbindelserna anmäls inte var för sig.\nVår referens: {notice_id}\n{centre_name}{phone}\n"
        ),
        "en": (
            "{count} alarm connections went down at nearly the same time. The first of them:\n\n{lines}\n\n"
            "Please start to look into it at once, and tell us the ticket number and when it is expected to be "
            "repaired. The connections are not reported one by one.\nOur reference: {notice_id}\n{centre_name}{phone}\n"
        ),
    },
    "line": {
        "fi": "{site_name}, {site_address}: {path}, viimeksi kuultu {heard}",
        "sv": "{site_name}, {site_address}: {path}, senast hörd {heard}",
        "en": "{site_name}, {site_address}: {path}, last heard {heard}",
    },
    "circuit": {
        "fi": "yhteys {path} (tunnus {circuit})",
        "sv": "förbindelse {path} (beteckning {circuit})",
        "en": "path {path} (circuit {circuit})",
    },
    "no_circuit": {"fi": "yhteys {path}", "sv": "förbindelse {path}", "en": "path {path}"},
    "over.subject": {
        "fi": "Vika poistunut {notice_id}: {site_name}",
        "sv": "Felet borta {notice_id}: {site_name}",
        "en": "Fault cleared {notice_id}: {site_name}",
    },
    "over.body": {
        "fi": (
            "Vikailmoituksen {notice_id} hälytysyhteys kohteeseen {site_name} toimii jälleen {over}.\n"
            "Vian kesto: {lasted}.{ticket}\n{centre_name}\n"
        ),
        "sv": (
            "Larmförbindelsen till {site_name} enligt felanmälan {notice_id} fungerar igen {over}.\n"
            "Felets varaktighet: {lasted}.{ticket}\n{centre_name}\n"
        ),
        "en": (
            "The alarm connection to {site_name} of fault report {notice_id} works again as of {over}.\n"
            "The fault lasted {lasted}.{ticket}\n{centre_name}\n"
        ),
    },
    "wide_over.subject": {
        "fi": "Laaja häiriö ohi {notice_id}",
        "sv": "Den omfattande störningen är över {notice_id}",
        "en": "Wide disturbance over {notice_id}",
    },
    "wide_over.body": {
        "fi": (
            "Vikailmoituksen {notice_id} {count} yhteydestä {up} toimii jälleen {over}.{rest}\n"
            "Häiriön kesto: {lasted}.{ticket}\n{centre_name}\n"
        ),
        "sv": (
            "Av de {count} förbindelserna i felanmälan {notice_id} fungerar {up} igen {over}.{rest}\n"
            "Störningens varaktighet: {lasted}.{ticket}\n{centre_name}\n"
        ),
        "en": (
            "Of the {count} connections of fault report {notice_id}, {up} work again as of {over}.{rest}\n"
            "The disturbance lasted {lasted}.{ticket}\n{centre_name}\n"
        ),
    },
    "rest": {
        "fi": " Edelleen poikki olevat ilmoitetaan erikseen.",
        "sv": " De som fortfarande är brutna anmäls skilt.",
        "en": " Those still down are reported by themselves.",
    },
    "ticket": {"fi": " Vikanumeronne: {ticket}.", "sv": " Ert felnummer: {ticket}.", "en": " Your ticket: {ticket}."},
    "phone": {"fi": ", puh. {phone}", "sv": ", tfn {phone}", "en": ", phone {phone}"},
    # ------------------------------------------------------------------------------- to those a case is about
    "informed.subject": {
        "fi": "{site_name}, hälytysyhteys: {state}",
        "sv": "{site_name}, larmförbindelsen: {state}",
        "en": "{site_name}, alarm connection: {state}",
    },
    "informed.body": {
        "fi": (
            "Kohde: {site_name}, {site_address}\nHälytysyhteys: {state}.{down}\n{text}\n"
            "Ilmoitamme, kun asia on ohi. Viite: {case_id}\n{centre_name}\n"
        ),
        "sv": (
            "Objekt: {site_name}, {site_address}\nLarmförbindelsen: {state}.{down}\n{text}\n"
            "Vi meddelar när saken är över. Referens: {case_id}\n{centre_name}\n"
        ),
        "en": (
            "Site: {site_name}, {site_address}\nAlarm connection: {state}.{down}\n{text}\n"
            "We will tell you when it is over. Reference: {case_id}\n{centre_name}\n"
        ),
    },
    "down": {
        "fi": " Poikki {since} alkaen: tänä aikana hälytys ei välity.",
        "sv": " Bruten sedan {since}: under denna tid når inga larm fram.",
        "en": " Down since {since}: until it is back no alarm gets through.",
    },
    "informed_over.subject": {
        "fi": "{site_name}, hälytysyhteys: ohi",
        "sv": "{site_name}, larmförbindelsen: över",
        "en": "{site_name}, alarm connection: over",
    },
    "informed_over.body": {
        "fi": (
            "Kohde: {site_name}, {site_address}\nAsia, josta ilmoitimme, on ohi {over}: hälytysyhteys toimii ja "
            "mahdolliset poikkeusjärjestelyt päättyvät.\nViite: {case_id}\n{centre_name}\n"
        ),
        "sv": (
            "Objekt: {site_name}, {site_address}\nDet som vi meddelade om är över {over}: larmförbindelsen fungerar "
            "och eventuella undantagsarrangemang upphör.\nReferens: {case_id}\n{centre_name}\n"
        ),
        "en": (
            "Site: {site_name}, {site_address}\nWhat we told you of is over as of {over}: the alarm connection works, "
            "and any exceptional arrangement ends.\nReference: {case_id}\n{centre_name}\n"
        ),
    },
    "arrangement.title": {
        "fi": "Hälytysyhteys poikki: {system}",
        "sv": "Larmförbindelsen bruten: {system}",
        "en": "Alarm connection down: {system}",
    },
}

DURATION: dict[str, tuple[str, str, str, str]] = {
    "fi": ("vrk", "h", "min", "s"),
    "sv": ("d", "h", "min", "s"),
    "en": ("d", "h", "min", "s"),
}


def duration_text(seconds: float, language: str) -> str:
    """ "2 h 13 min"; two units at most, so that it is read at a glance."""
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    units = DURATION.get(language, DURATION["en"])
    parts = [f"{number} {unit}" for number, unit in zip((days, hours, minutes, rest), units, strict=True) if number]
    return " ".join(parts[:2]) or f"0 {units[3]}"
