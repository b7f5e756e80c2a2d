"""What the guard's page says, in Finnish, Swedish and English.

One rule: every key has all three languages, and a text is plain: it is escaped when it enters the page. Names of
categories and the messages that carry the link are `arcd.core.case.texts`.
"""

from __future__ import annotations

from arcd.api.guard_job import Standing
from arcd.core.case.model import DispatchStatus
from arcd.core.facts import GuardAnswer

LANGUAGES = ("fi", "sv", "en")
LANGUAGE_NAMES = {"fi": "Suomi", "sv": "Svenska", "en": "English"}

Texts = dict[str, str]

STANDINGS: dict[Standing, Texts] = {
    Standing.OFFERED: {
        "fi": "Sinulle tarjotaan tehtävää. Vastaa viimeistään {time}.",
        "sv": "Du erbjuds ett uppdrag. Svara senast {time}.",
        "en": "You are offered a job. Answer by {time}.",
    },
    Standing.LATE: {
        "fi": "Vastausaika on päättynyt, mutta tehtävä on vielä vapaa. Voit yhä ottaa sen.",
        "sv": "Svarstiden har gått ut, men uppdraget är fortfarande ledigt. Du kan ännu ta det.",
        "en": "The time to answer is over, but the job is still free. You can still take it.",
    },
    Standing.YOURS: {"fi": "Tehtävä on sinun.", "sv": "Uppdraget är ditt.", "en": "The job is yours."},
    Standing.DECLINED: {
        "fi": "Olet hylännyt tehtävän. Kiitos vastauksesta.",
        "sv": "Du har avböjt uppdraget. Tack för svaret.",
        "en": "You have declined the job. Thank you for answering.",
    },
    Standing.TAKEN: {
        "fi": "Toinen vartija hoitaa tehtävän. Sinulta ei tarvita enää mitään. Kiitos!",
        "sv": "En annan väktare sköter uppdraget. Ingenting mer behövs av dig. Tack!",
        "en": "Another guard has the job. Nothing more is needed from you. Thank you!",
    },
    Standing.CANCELLED: {
        "fi": "Tehtävä on peruttu. Sinulta ei tarvita enää mitään.",
        "sv": "Uppdraget är återkallat. Ingenting mer behövs av dig.",
        "en": "The job has been called off. Nothing more is needed from you.",
    },
    Standing.REPORTED: {
        "fi": "Raporttisi on vastaanotettu. Tehtävä on päättynyt. Kiitos!",
        "sv": "Din rapport är mottagen. Uppdraget är avslutat. Tack!",
        "en": "Your report has been received. The job is done. Thank you!",
    },
    Standing.ENDED: {
        "fi": "Tehtävä on päättynyt.",
        "sv": "Uppdraget är avslutat.",
        "en": "The job has ended.",
    },
}

STATUSES: dict[DispatchStatus, Texts] = {
    DispatchStatus.OFFERED: {"fi": "tarjottu", "sv": "erbjudet", "en": "offered"},
    DispatchStatus.ACCEPTED: {"fi": "vastaanotettu", "sv": "mottaget", "en": "accepted"},
    DispatchStatus.EN_ROUTE: {"fi": "matkalla", "sv": "på väg", "en": "on the way"},
    DispatchStatus.ON_SITE: {"fi": "kohteessa", "sv": "på plats", "en": "on site"},
    DispatchStatus.INSPECTING: {"fi": "tarkastetaan", "sv": "granskning pågår", "en": "inspecting"},
    DispatchStatus.SECURED: {"fi": "kohde turvattu", "sv": "objektet säkrat", "en": "site secured"},
    DispatchStatus.NEEDS_AUTHORITY: {
        "fi": "viranomainen tarvitaan",
        "sv": "myndighet behövs",
        "en": "authorities needed",
    },
    DispatchStatus.NEEDS_REPAIR: {"fi": "korjaus tarvitaan", "sv": "reparation behövs", "en": "repair needed"},
    DispatchStatus.REPORTED: {"fi": "raportoitu", "sv": "rapporterat", "en": "reported"},
    DispatchStatus.EXHAUSTED: {"fi": "vapaana", "sv": "ledigt", "en": "free"},
    DispatchStatus.CANCELLED: {"fi": "peruttu", "sv": "återkallat", "en": "called off"},
}

ANSWERS: dict[GuardAnswer, Texts] = {
    GuardAnswer.ACCEPT: {"fi": "Otan tehtävän", "sv": "Jag tar uppdraget", "en": "I take the job"},
    GuardAnswer.DECLINE: {"fi": "En voi ottaa tehtävää", "sv": "Jag kan inte ta uppdraget", "en": "I cannot do it"},
    GuardAnswer.EN_ROUTE: {"fi": "Olen matkalla", "sv": "Jag är på väg", "en": "I am on my way"},
    GuardAnswer.ON_SITE: {"fi": "Olen kohteessa", "sv": "Jag är på plats", "en": "I am on site"},
    GuardAnswer.INSPECTING: {"fi": "Aloitan tarkastuksen", "sv": "Jag börjar granskningen", "en": "I start inspecting"},
    GuardAnswer.SECURED: {"fi": "Kohde on turvattu", "sv": "Objektet är säkrat", "en": "The site is secured"},
    GuardAnswer.NEEDS_AUTHORITY: {
        "fi": "Tarvitsen viranomaisen paikalle",
        "sv": "Jag behöver myndighet till platsen",
        "en": "I need the authorities here",
    },
    GuardAnswer.NEEDS_REPAIR: {
        "fi": "Kohde vaatii korjausta",
        "sv": "Objektet behöver repareras",
        "en": "The site needs a repair",
    },
    GuardAnswer.CHECK_IN: {"fi": "Minulla on kaikki hyvin", "sv": "Allt är väl med mig", "en": "I am all right"},
    GuardAnswer.REPORT: {"fi": "Lähetä raportti", "sv": "Skicka rapporten", "en": "Send the report"},
}

# requirements 4.8, guard report; the names are arcd.core.case.dispatch.REPORT_FIELDS.
REPORT: dict[str, Texts] = {
    "arrival": {"fi": "Saapumisaika", "sv": "Ankomsttid", "en": "Time of arrival"},
    "entry_method": {
        "fi": "Miten kohteeseen mentiin sisään",
        "sv": "Hur objektet beträddes",
        "en": "How the site was entered",
    },
    "findings": {"fi": "Havainnot", "sv": "Iakttagelser", "en": "Findings"},
    "measures": {"fi": "Toimenpiteet", "sv": "Åtgärder", "en": "Measures taken"},
    "state_left": {
        "fi": "Missä kunnossa kohde jäi",
        "sv": "I vilket skick objektet lämnades",
        "en": "How the site was left",
    },
    "persons": {"fi": "Paikalla olleet henkilöt", "sv": "Personer på platsen", "en": "Persons on site"},
    "keys_returned": {"fi": "Avainten palautus", "sv": "Återlämning av nycklar", "en": "Keys returned"},
}

# Asked beside it; the names are arcd.core.case.dispatch.REPORT_FLAGS. Either makes an event report necessary.
REPORT_FLAGS: dict[str, Texts] = {
    "force_used": {"fi": "Käytettiinkö voimakeinoja?", "sv": "Användes maktmedel?", "en": "Was force used?"},
    "apprehension": {
        "fi": "Otettiinko joku kiinni?",
        "sv": "Greps någon?",
        "en": "Was anybody apprehended?",
    },
}
YES_NO: dict[str, Texts] = {
    "no": {"fi": "Ei", "sv": "Nej", "en": "No"},
    "yes": {"fi": "Kyllä", "sv": "Ja", "en": "Yes"},
}

PAGE: dict[str, Texts] = {
    "title": {"fi": "Vartiointitehtävä", "sv": "Väktaruppdrag", "en": "Guard job"},
    "status": {"fi": "Tila", "sv": "Läge", "en": "Status"},
    "priority": {"fi": "Kiireellisyys", "sv": "Prioritet", "en": "Priority"},
    "eta": {"fi": "Arvioitu saapuminen", "sv": "Beräknad ankomst", "en": "Expected arrival"},
    "on_site": {"fi": "Saapunut kohteeseen", "sv": "Anlände till platsen", "en": "Arrived on site"},
    "site": {"fi": "Kohde", "sv": "Objekt", "en": "Site"},
    "hazards": {"fi": "Varo", "sv": "Se upp", "en": "Take care"},
    "instructions": {"fi": "Ohjeet", "sv": "Instruktioner", "en": "Instructions"},
    "happened": {"fi": "Mitä on tapahtunut", "sv": "Vad har hänt", "en": "What happened"},
    "left_out": {
        "fi": "… välissä {} muuta ilmoitusta",
        "sv": "… däremellan {} andra meddelanden",
        "en": "… {} more signals in between",
    },
    "area": {"fi": "alue", "sv": "område", "en": "area"},
    "zone": {"fi": "silmukka", "sv": "sektion", "en": "zone"},
    "answer": {"fi": "Vastaa", "sv": "Svara", "en": "Answer"},
    "eta_minutes": {
        "fi": "Arvio: olen kohteessa … minuutin kuluttua",
        "sv": "Uppskattning: jag är på plats om … minuter",
        "en": "Estimate: I will be there in … minutes",
    },
    "report": {"fi": "Raportti", "sv": "Rapport", "en": "Report"},
    "report_help": {
        "fi": "Kaikki kohdat ovat pakollisia. Jos jotakin ei ole, kirjoita: ei.",
        "sv": "Alla fält är obligatoriska. Om något saknas, skriv: nej.",
        "en": "Every field is needed. Where there is nothing to tell, write: none.",
    },
    "recorded": {"fi": "Kirjattu: {answer}.", "sv": "Antecknat: {answer}.", "en": "Recorded: {answer}."},
}

# Why an answer was not granted, by the core's rule (arcd.core.case.dispatch), or by this page's own.
REFUSALS: dict[str, Texts] = {
    "offer.gone": STANDINGS[Standing.ENDED],
    "offer.taken": STANDINGS[Standing.TAKEN],
    "offer.accepted": {
        "fi": "Olet jo ottanut tehtävän.",
        "sv": "Du har redan tagit uppdraget.",
        "en": "You have taken the job already.",
    },
    "offer.answer": {
        "fi": "Tätä ei voi enää vastata: tehtävän tila on muuttunut. Katso alta, mitä voit vastata nyt.",
        "sv": "Det svaret går inte längre: läget har ändrats. Se nedan vad du kan svara nu.",
        "en": "That answer is no longer possible: things have moved on. See below what you can answer now.",
    },
    "offer.closed": {
        "fi": "Tämä tarjous on jo päättynyt.",
        "sv": "Det här erbjudandet har redan upphört.",
        "en": "This offer has already ended.",
    },
    "report.fields": {
        "fi": "Raportista puuttuu tietoja. Täytä kaikki kohdat.",
        "sv": "Rapporten är ofullständig. Fyll i alla fält.",
        "en": "The report is incomplete. Fill in every field.",
    },
    "report.length": {
        "fi": "Jokin raportin kohta on liian pitkä.",
        "sv": "Ett av rapportens fält är för långt.",
        "en": "A field of the report is too long.",
    },
    "request": {
        "fi": "Vastausta ei ymmärretty. Tarkista, mitä kirjoitit: minuutit ovat luku väliltä 0–1440.",
        "sv": "Svaret kunde inte tolkas. Kontrollera det du skrev: minuterna är ett tal mellan 0 och 1440.",
        "en": "The answer was not understood. Check what you wrote: minutes are a number from 0 to 1440.",
    },
    "rate": {
        "fi": "Liian monta vastausta peräkkäin. Odota minuutti.",
        "sv": "För många svar i följd. Vänta en minut.",
        "en": "Too many answers in a row. Wait a minute.",
    },
    "busy": {
        "fi": "Vastausta ei voitu kirjata juuri nyt. Yritä hetken kuluttua uudelleen.",
        "sv": "Svaret kunde inte antecknas just nu. Försök igen om en stund.",
        "en": "The answer could not be recorded just now. Try again in a moment.",
    },
    # Any rule that is not in this list.
    "": {
        "fi": "Vastausta ei hyväksytty. Soita hälytyskeskukseen.",
        "sv": "Svaret godkändes inte. Ring larmcentralen.",
        "en": "The answer was not accepted. Call the alarm receiving centre.",
    },
}

# Pages without a guard: nobody knows which language to choose, so they say it in all three.
NO_PAGE: Texts = {
    "fi": "Sivua ei löydy. Tarkista, että linkki on kokonainen.",
    "sv": "Sidan finns inte. Kontrollera att länken är hel.",
    "en": "There is no such page. Check that the link is complete.",
}
TOO_MANY: Texts = {
    "fi": "Liian monta yritystä. Odota minuutti.",
    "sv": "För många försök. Vänta en minut.",
    "en": "Too many attempts. Wait a minute.",
}
FAILED: Texts = {
    "fi": "Jokin meni vikaan. Soita hälytyskeskukseen.",
    "sv": "Något gick fel. Ring larmcentralen.",
    "en": "Something went wrong. Call the alarm receiving centre.",
}


def refusal(rule: str, language: str) -> str:
    return REFUSALS.get(rule, REFUSALS[""])[language]
