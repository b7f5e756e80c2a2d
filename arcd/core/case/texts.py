"""What the machine itself writes to guards and to the centre's own people, in Finnish, Swedish and English.

One rule: texts of response plans belong to the packs; here is only what no plan can be without.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from protocols.signals import Category

NS = 1_000_000_000

CATEGORIES: dict[Category, dict[str, str]] = {
    Category.FIRE: {"fi": "palohälytys", "sv": "brandlarm", "en": "fire alarm"},
    Category.HOLDUP: {"fi": "ryöstöhälytys", "sv": "rånlarm", "en": "hold-up alarm"},
    Category.DURESS: {"fi": "pakkotilanne", "sv": "tvångsläge", "en": "duress"},
    Category.MEDICAL: {"fi": "hätäkutsu", "sv": "nödanrop", "en": "medical alarm"},
    Category.INTRUSION: {"fi": "murtohälytys", "sv": "inbrottslarm", "en": "intrusion alarm"},
    Category.TAMPER: {"fi": "sabotaasihälytys", "sv": "sabotagelarm", "en": "tamper alarm"},
    Category.TECHNICAL: {"fi": "tekninen hälytys", "sv": "tekniskt larm", "en": "technical alarm"},
    Category.TROUBLE: {"fi": "laitevika", "sv": "systemfel", "en": "system trouble"},
    Category.SUPERVISION: {"fi": "yhteysvika", "sv": "förbindelsefel", "en": "connection fault"},
    Category.OPEN_CLOSE: {
        "fi": "päälle- tai poiskytkentä",
        "sv": "till- eller frånkoppling",
        "en": "opening or closing",
    },
    Category.BYPASS: {"fi": "ohitus", "sv": "förbikoppling", "en": "bypass"},
    Category.ACCESS: {"fi": "kulunvalvonta", "sv": "passerkontroll", "en": "access"},
    Category.CANCEL: {"fi": "peruutus", "sv": "återkallelse", "en": "cancel"},
    Category.TEST: {"fi": "koestus", "sv": "provlarm", "en": "test"},
    Category.SYSTEM: {"fi": "järjestelmätapahtuma", "sv": "systemhändelse", "en": "system event"},
    Category.UNKNOWN: {"fi": "tuntematon ilmoitus", "sv": "okänt meddelande", "en": "unknown signal"},
}

MESSAGES: dict[str, dict[str, str]] = {
    "offer.subject": {
        "fi": "Vartiointitehtävä {case_id}: {category}, {site_name}",
        "sv": "Väktaruppdrag {case_id}: {category}, {site_name}",
        "en": "Guard job {case_id}: {category}, {site_name}",
    },
    "offer.body": {
        "fi": (
            "{category} kohteessa {site_name}\n{site_address}\n\n{signal_text}\nAika: {time_local}\n{instructions}\n"
            "Ota tehtävä vastaan tai hylkää se {timeout_s} sekunnin kuluessa:\n{link}\n"
        ),
        "sv": (
            "{category} i objektet {site_name}\n{site_address}\n\n{signal_text}\nTid: {time_local}\n{instructions}\n"
            "Godkänn eller avböj uppdraget inom {timeout_s} sekunder:\n{link}\n"
        ),
        "en": (
            "{category} at {site_name}\n{site_address}\n\n{signal_text}\nTime: {time_local}\n{instructions}\n"
            "Accept or decline the job within {timeout_s} seconds:\n{link}\n"
        ),
    },
    "withdrawn.subject": {
        "fi": "Vartiointitehtävä {case_id} peruttu: {site_name}",
        "sv": "Väktaruppdrag {case_id} återkallat: {site_name}",
        "en": "Guard job {case_id} withdrawn: {site_name}",
    },
    "withdrawn.body": {
        "fi": "Tehtävä {case_id} kohteessa {site_name} ei enää vaadi sinulta toimia.\n",
        "sv": "Uppdraget {case_id} i objektet {site_name} kräver inga fler åtgärder av dig.\n",
        "en": "Job {case_id} at {site_name} needs nothing more from you.\n",
    },
    "person.subject": {
        "fi": "Päivystäjä: tehtävä {case_id} ({priority}) odottaa ihmistä",
        "sv": "Jour: ärende {case_id} ({priority}) väntar på en människa",
        "en": "On duty: case {case_id} ({priority}) is waiting for a person",
    },
    "person.body": {
        "fi": (
            "{category} kohteessa {site_name}\n{site_address}\n\n"
            "Syy: {because}\nTehtävä: {case_id}\nAika: {time_local}\n"
        ),
        "sv": (
            "{category} i objektet {site_name}\n{site_address}\n\n"
            "Orsak: {because}\nÄrende: {case_id}\nTid: {time_local}\n"
        ),
        "en": ("{category} at {site_name}\n{site_address}\n\nReason: {because}\nCase: {case_id}\nTime: {time_local}\n"),
    },
}

# Why a person was called for; the keys stand in the journal as they are.
REASONS: dict[str, dict[str, str]] = {
    "not_acknowledged": {
        "fi": "kukaan ei ole ottanut tehtävää käsittelyyn tavoiteajassa",
        "sv": "ingen har tagit ärendet under behandling inom måltiden",
        "en": "nobody has taken the case within its target time",
    },
    "clock": {"fi": "{title}", "sv": "{title}", "en": "{title}"},  # of a clock that its case type words itself
    "step_overdue": {
        "fi": "toimintaohjeen vaihe on myöhässä: {step}",
        "sv": "ett steg i åtgärdsplanen är försenat: {step}",
        "en": "a step of the response plan is overdue: {step}",
    },
    "no_guard": {
        "fi": "yksikään vartija ei ottanut tehtävää vastaan",
        "sv": "ingen väktare tog emot uppdraget",
        "en": "no guard took the job",
    },
    "duty_called": {
        "fi": "toimintaohje kutsuu päivystäjän",
        "sv": "åtgärdsplanen kallar på jouren",
        "en": "the response plan calls the person on duty",
    },
    "nobody_reached": {
        "fi": "ketään soittolistalta ei tavoitettu",
        "sv": "ingen på ringlistan kunde nås",
        "en": "nobody on the call list could be reached",
    },
    "guard_needs_authority": {
        "fi": "vartija pyytää viranomaista paikalle",
        "sv": "väktaren begär myndighet till platsen",
        "en": "the guard asks for the authorities",
    },
    "guard_silent": {
        "fi": "vartija ei ole ilmoittautunut kohteesta",
        "sv": "väktaren har inte anmält sig från objektet",
        "en": "the guard on site has not checked in",
    },
    "sla_breached": {
        "fi": "vartija ei ole kohteessa sovitussa ajassa",
        "sv": "väktaren är inte på plats inom avtalad tid",
        "en": "the guard is not on site within the agreed time",
    },
    "authority_phone": {
        "fi": "SOITA VIRANOMAISELLE NYT: {why}",
        "sv": "RING MYNDIGHETEN NU: {why}",
        "en": "CALL THE AUTHORITY BY PHONE NOW: {why}",
    },
    "authority_confirm": {
        "fi": "ilmoitus viranomaiselle odottaa vahvistusta: {checks}",
        "sv": "anmälan till myndigheten väntar på bekräftelse: {checks}",
        "en": "telling the authority waits to be confirmed: {checks}",
    },
    "authority_asks": {
        "fi": "viranomainen kysyy: {text}",
        "sv": "myndigheten frågar: {text}",
        "en": "the authority asks: {text}",
    },
    "authority_differs": {
        "fi": "viranomaisen vastaus koskee harjoitusta eikä todellista, tai päinvastoin",
        "sv": "myndighetens svar gäller övning och inte verklighet, eller tvärtom",
        "en": "the authority's answer is about an exercise and not the real thing, or the other way about",
    },
    "authority_unreadable": {
        "fi": "viranomaisen järjestelmältä tuli vastaus, jota ei ymmärretä",
        "sv": "myndighetens system sände ett svar som inte kan förstås",
        "en": "the authority's machine sent something nobody can read; it may have been the answer",
    },
    "sla_paused": {
        "fi": "vartijan vasteajan laskenta on yhä pysäytetty",
        "sv": "klockan för väktarens inställelsetid är fortfarande stoppad",
        "en": "the clock of the guard's arrival is still stopped",
    },
    "message_failed": {
        "fi": "viestiä ei saatu perille",
        "sv": "ett meddelande kunde inte levereras",
        "en": "a message could not be delivered",
    },
    "close_refused": {
        "fi": "tehtävää ei voitu sulkea automaattisesti",
        "sv": "ärendet kunde inte avslutas automatiskt",
        "en": "the case could not be closed automatically",
    },
    "resumed": {
        "fi": "odotusaika on päättynyt",
        "sv": "väntetiden har gått ut",
        "en": "the waiting time is over",
    },
    "news": {
        "fi": "odottamaan siirrettyyn tehtävään tuli uusi hälytys",
        "sv": "ett nytt larm har kommit i ett parkerat ärende",
        "en": "a new alarm came to a case that was parked",
    },
}


# Titles of matters that come out of a case.
FOLLOW_UPS: dict[str, dict[str, str]] = {
    "contact_stale": {
        "fi": "Yhteyshenkilöä {subject} ei tavoiteta: tarkista tiedot",
        "sv": "Kontaktpersonen {subject} nås inte: kontrollera uppgifterna",
        "en": "Contact {subject} cannot be reached: check the details",
    },
    "event_report": {
        "fi": "Tapahtumailmoitus laadittava: tehtävä {case_id}, {subject}",
        "sv": "Händelserapport ska upprättas: ärende {case_id}, {subject}",
        "en": "Statutory event report due: case {case_id}, {subject}",
    },
}


def follow_up_title(about: str, language: str, values: Mapping[str, str]) -> str:
    texts = FOLLOW_UPS[about]
    return render(texts.get(language) or texts["en"], values)


class _Missing(dict[str, str]):
    """A placeholder nobody filled stays visible ("{link}" is filled by the effector)."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def render(template: str, values: Mapping[str, str]) -> str:
    """Fill `{name}` placeholders. Values are data: braces in them are not looked at again."""
    return template.format_map(_Missing(values))


def message(name: str, language: str, values: Mapping[str, str]) -> str:
    texts = MESSAGES[name]
    return render(texts.get(language) or texts["en"], values)


def category_text(category: Category | None, language: str) -> str:
    texts = CATEGORIES[category or Category.UNKNOWN]
    return texts.get(language) or texts["en"]


def reason_text(reason: str, language: str, **values: str) -> str:
    texts = REASONS[reason]
    return render(texts.get(language) or texts["en"], values)


def local_clock(at: int, timezone: str) -> str:
    """What a wall clock at the site shows: "23.11.2026 03:12:07".

    An instant that no calendar holds (an older journal may have one) must not keep anybody from the case.
    """
    try:
        return f"{datetime.fromtimestamp(at // NS, UTC).astimezone(ZoneInfo(timezone)):%d.%m.%Y %H:%M:%S}"
    except (OverflowError, ValueError):
        return f"{at // NS} s"
