"""What operators and authorities read about a notification, in Finnish, Swedish and English.

One rule: keys stand in the journal and in the state, sentences only here; every key has all three languages.
"""

from __future__ import annotations

from rules.model import Texts

# Why a check came out as it did (`gate`).
BECAUSE: dict[str, Texts] = {
    "life_safety": {
        "fi": "henki tai terveys voi olla vaarassa",
        "sv": "liv eller hälsa kan vara i fara",
        "en": "life or health may be in danger",
    },
    "category_alarm": {
        "fi": "hälytystyyppi kuuluu viranomaiselle",
        "sv": "larmtypen hör till myndigheten",
        "en": "this kind of alarm is the authority's",
    },
    "category_uncertain": {
        "fi": "hälytystyyppi ei yleensä kuulu hätäkeskukselle",
        "sv": "larmtypen hör vanligen inte till nödcentralen",
        "en": "this kind of alarm is usually not the emergency centre's",
    },
    "category_fault": {
        "fi": "vioista ja yhteyskatkoksista ei ilmoiteta hätäkeskukseen",
        "sv": "fel och förbindelseavbrott anmäls inte till nödcentralen",
        "en": "faults and lost connections are never reported to the emergency centre",
    },
    "guard_asks": {
        "fi": "vartija pyytää viranomaista paikalle",
        "sv": "väktaren begär myndighet till platsen",
        "en": "the guard on site asks for the authority",
    },
    "level_0": {
        "fi": "hälytys on todettu aiheettomaksi (taso 0)",
        "sv": "larmet har konstaterats obefogat (nivå 0)",
        "en": "somebody has found that nothing is the matter (level 0)",
    },
    "level_0_life": {
        "fi": "hälytys on todettu aiheettomaksi (taso 0), mutta kyse voi olla hengestä",
        "sv": "larmet har konstaterats obefogat (nivå 0), men det kan gälla liv",
        "en": "somebody has found that nothing is the matter (level 0), but life may be at stake",
    },
    "level_1": {
        "fi": "varmistamaton hälytys (taso 1): yhteyshenkilöt ja vartija",
        "sv": "obekräftat larm (nivå 1): kontaktpersoner och väktare",
        "en": "unconfirmed (level 1): for keyholders and a guard",
    },
    "level_2": {
        "fi": "paikalla on luultavasti ihminen (taso 2): päivystäjä päättää",
        "sv": "sannolikt en person på platsen (nivå 2): operatören beslutar",
        "en": "somebody is probably there (level 2): an operator decides",
    },
    "level_2_decided": {
        "fi": "paikalla on luultavasti ihminen (taso 2), päivystäjä on päättänyt",
        "sv": "sannolikt en person på platsen (nivå 2), operatören har beslutat",
        "en": "somebody is probably there (level 2), and an operator has decided",
    },
    "level_3": {
        "fi": "uhka on varmistettu (taso 3 tai 4)",
        "sv": "hotet är bekräftat (nivå 3 eller 4)",
        "en": "the threat is confirmed (level 3 or 4)",
    },
    "on_test": {
        "fi": "kohde tai sen osa on koestuksessa tai huollossa",
        "sv": "objektet eller en del av det är under provning eller service",
        "en": "the site or this part of it is on test or out of service",
    },
    "not_on_test": {"fi": "ei koestusta", "sv": "ingen provning", "en": "nothing of it is on test"},
    "reported": {
        "fi": "tapahtumasta on jo ilmoitettu; lähetä päivitys",
        "sv": "händelsen har redan anmälts; sänd en uppdatering",
        "en": "it has been reported already; send an update",
    },
    "calling": {
        "fi": "ilmoitus tehdään puhelimella: kirjaa soitto",
        "sv": "anmälan görs per telefon: anteckna samtalet",
        "en": "it is being reported by telephone: record the call",
    },
    "reported_cancelled": {
        "fi": "ilmoitus on peruttu; kerro, että kyse on samasta tapahtumasta",
        "sv": "anmälan har återkallats; berätta att det gäller samma händelse",
        "en": "the report was cancelled; say that it is the same event",
    },
    "not_reported": {"fi": "ei vielä ilmoitettu", "sv": "ännu inte anmält", "en": "not reported yet"},
    "device_private": {
        "fi": "laite hälyttää vain meille",
        "sv": "anordningen larmar endast oss",
        "en": "the device alarms us only",
    },
    "device_connected": {
        "fi": "laite on hälyttänyt hätäkeskuksen itse: kerro vain uusi tieto",
        "sv": "anordningen har själv larmat nödcentralen: berätta endast det nya",
        "en": "the device has alarmed the emergency centre itself: tell only what is new",
    },
    "device_same_event": {
        "fi": "laite on hälyttänyt hätäkeskuksen itse: kyse on samasta tapahtumasta",
        "sv": "anordningen har själv larmat nödcentralen: det gäller samma händelse",
        "en": "the device has alarmed the emergency centre itself: it is the same event",
    },
    "contract": {
        "fi": "sopimus sisältää ilmoittamisen",
        "sv": "avtalet omfattar anmälan",
        "en": "the contract includes it",
    },
    "no_contract": {
        "fi": "sopimus ei sisällä ilmoittamista",
        "sv": "avtalet omfattar inte anmälan",
        "en": "the contract does not include it",
    },
    "not_cancelled": {"fi": "ei peruttu", "sv": "inte återkallat", "en": "not cancelled"},
    "cancelled": {
        "fi": "käyttäjä on perunut hälytyksen",
        "sv": "användaren har återkallat larmet",
        "en": "a user has cancelled the alarm",
    },
    "cancel_not_believed": {
        "fi": "käyttäjä on perunut, mutta peruutus voi olla pakotettu",
        "sv": "användaren har återkallat, men det kan ha skett under tvång",
        "en": "a user has cancelled, but may have been forced to",
    },
    "fresh": {"fi": "hälytys on tuore", "sv": "larmet är färskt", "en": "the alarm is fresh"},
    "too_old": {
        "fi": "hälytys on vanha: varmista tilanne",
        "sv": "larmet är gammalt: kontrollera läget",
        "en": "the alarm is old: make sure it still stands",
    },
}

# Why an operator has to call (`PhoneTask.because`).
PHONE_BECAUSE: dict[str, Texts] = {
    "asked": {"fi": "päivystäjä ilmoittaa", "sv": "operatören anmäler", "en": "an operator reports it"},
    "life_safety": BECAUSE["life_safety"],
    "exercise": {
        "fi": "konesanoma on vain harjoitus: ketään ei ole hälytetty",
        "sv": "maskinmeddelandet är endast en övning: ingen har larmats",
        "en": "the machine message is an exercise only: nobody has been alerted",
    },
    "no_answer": {
        "fi": "viranomaisen järjestelmä ei vastaa",
        "sv": "myndighetens system svarar inte",
        "en": "the authority's system does not answer",
    },
    "undelivered": {
        "fi": "sanomaa ei saatu perille",
        "sv": "meddelandet kunde inte levereras",
        "en": "the message could not be delivered",
    },
    "rejected": {
        "fi": "viranomaisen järjestelmä hylkäsi ilmoituksen",
        "sv": "myndighetens system avvisade anmälan",
        "en": "the authority's system rejected the report",
    },
    "reported_cancelled": BECAUSE["reported_cancelled"],
    "update": {"fi": "kerro uusi tieto", "sv": "berätta den nya informationen", "en": "tell them what is new"},
    "cancel": {
        "fi": "kerro, että ilmoitus perutaan",
        "sv": "meddela att anmälan återkallas",
        "en": "tell them it is over",
    },
    "question": {
        "fi": "viranomainen kysyy",
        "sv": "myndigheten frågar",
        "en": "the authority asks something",
    },
}

STATUS: dict[str, Texts] = {
    "created": {"fi": "odottaa päätöstä", "sv": "väntar på beslut", "en": "waits for a decision"},
    "gated": {
        "fi": "vaatii vahvistuksen ja perustelun",
        "sv": "kräver bekräftelse och motivering",
        "en": "needs to be confirmed with a reason",
    },
    "calling": {"fi": "SOITA PUHELIMELLA NYT", "sv": "RING PER TELEFON NU", "en": "CALL BY PHONE NOW"},
    "sent": {"fi": "lähetetty, vastausta odotetaan", "sv": "sänt, svar inväntas", "en": "sent, waiting for the answer"},
    "accepted": {"fi": "otettu vastaan", "sv": "mottaget", "en": "accepted"},
    "rejected": {"fi": "hylätty", "sv": "avvisat", "en": "rejected"},
    "no_answer": {"fi": "ei vastausta", "sv": "inget svar", "en": "no answer"},
    "cancelled": {"fi": "peruttu", "sv": "återkallat", "en": "cancelled"},
    "closed": {"fi": "päättynyt", "sv": "avslutat", "en": "ended"},
}

# requirements 2.5, in words that need no scale.
LEVELS: dict[int, Texts] = {
    0: {
        "fi": "aiheeton, apua ei tarvita",
        "sv": "obefogat, ingen hjälp behövs",
        "en": "nothing the matter, no help needed",
    },
    1: {"fi": "varmistamaton hälytys", "sv": "obekräftat larm", "en": "unconfirmed alarm"},
    2: {
        "fi": "paikalla on luultavasti ihminen tai vaara on todennäköinen",
        "sv": "sannolikt en person på platsen eller sannolik fara",
        "en": "somebody is probably there, or danger is likely",
    },
    3: {
        "fi": "uhka omaisuudelle on varmistettu",
        "sv": "hot mot egendom är bekräftat",
        "en": "a threat to property is confirmed",
    },
    4: {"fi": "uhka hengelle on varmistettu", "sv": "hot mot liv är bekräftat", "en": "a threat to life is confirmed"},
}

EXERCISE: Texts = {
    "fi": "HARJOITUS, HARJOITUS, HARJOITUS: ei todellinen hälytys.",
    "sv": "ÖVNING, ÖVNING, ÖVNING: inget verkligt larm.",
    "en": "EXERCISE, EXERCISE, EXERCISE: not a real alarm.",
}
SAME_EVENT: Texts = {
    "fi": "Sama tapahtuma, josta laite {device} on hälyttänyt itse.",
    "sv": "Samma händelse som anordning {device} själv har larmat om.",
    "en": "The same event that device {device} has alarmed about itself.",
}
CANCEL_NOT_BELIEVED: Texts = {
    "fi": "Käyttäjä on lähettänyt peruutuksen; sitä ei ole varmistettu ja se voi olla pakotettu.",
    "sv": "En användare har sänt en återkallelse; den är inte bekräftad och kan ha skett under tvång.",
    "en": "A user has sent a cancel; it is not verified and may have been forced.",
}
CANCELLED_BY_USER: Texts = {
    "fi": "Käyttäjä on perunut hälytyksen.",
    "sv": "Användaren har återkallat larmet.",
    "en": "A user has cancelled the alarm.",
}
SAME_AS_CALL: Texts = {
    "fi": "Sama tapahtuma, josta on soitettu; viite {reference}.",
    "sv": "Samma händelse som anmälts per telefon; referens {reference}.",
    "en": "The same event that was reported by telephone; reference {reference}.",
}

# What is said on the telephone, line by line; empty lines are left out (feature 74).
SCRIPT: tuple[Texts, ...] = (
    {
        "fi": "Täällä hälytyskeskus {centre_name}. Ilmoitan: {category}.",
        "sv": "Detta är larmcentralen {centre_name}. Jag anmäler: {category}.",
        "en": "This is the alarm receiving centre {centre_name}. I report: {category}.",
    },
    {"fi": "Osoite: {where}.", "sv": "Adress: {where}.", "en": "Address: {where}."},
    {
        "fi": "Hälytys: {signal_text}, kello {time_local}.",
        "sv": "Larm: {signal_text}, klockan {time_local}.",
        "en": "Alarm: {signal_text}, at {time_local}.",
    },
    {"fi": "Tilanne: {level}.", "sv": "Läge: {level}.", "en": "What is known: {level}."},
    {"fi": "{same_event}", "sv": "{same_event}", "en": "{same_event}"},
    {"fi": "Vaarat: {hazards}.", "sv": "Faror: {hazards}.", "en": "Hazards: {hazards}."},
    {"fi": "Ohje: {instructions}", "sv": "Instruktion: {instructions}", "en": "Instructions: {instructions}"},
    {"fi": "Vartija: {guard}.", "sv": "Väktare: {guard}.", "en": "Guard: {guard}."},
    {"fi": "Uutta: {news}", "sv": "Nytt: {news}", "en": "New: {news}"},
    {
        "fi": "Pyydä viitenumero ja vastaajan nimi. Oma tunnisteemme on {case_id}.",
        "sv": "Be om referensnummer och svararens namn. Vår egen beteckning är {case_id}.",
        "en": "Ask for a reference number and the name of who answers. Our own reference is {case_id}.",
    },
)

# What must be written down about the call (requirements 3.1: mandatory fields).
FIELDS: dict[str, Texts] = {
    "authority": {"fi": "Kenelle soitettiin", "sv": "Vem uppringdes", "en": "Who was called"},
    "number": {"fi": "Numero, johon soitettiin", "sv": "Numret som uppringdes", "en": "The number called"},
    "called_at": {"fi": "Milloin", "sv": "När", "en": "When"},
    "answer": {"fi": "Vastaus", "sv": "Svar", "en": "The answer"},
    "person": {"fi": "Kuka vastasi", "sv": "Vem svarade", "en": "Who answered"},
    "reference": {"fi": "Viranomaisen viite", "sv": "Myndighetens referens", "en": "The authority's reference"},
}

CALL_ANSWERS: dict[str, Texts] = {
    "accepted": {"fi": "ilmoitus otettiin vastaan", "sv": "anmälan togs emot", "en": "the report was taken"},
    "rejected": {
        "fi": "ilmoitusta ei otettu vastaan",
        "sv": "anmälan togs inte emot",
        "en": "the report was not taken",
    },
    "no_answer": {"fi": "ei vastausta", "sv": "inget svar", "en": "no answer"},
    "busy": {"fi": "varattu", "sv": "upptaget", "en": "busy"},
}
