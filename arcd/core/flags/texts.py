"""Texts about flags in Finnish, Swedish and English.

One rule: words only; what they are filled with is `messages`.
"""

from __future__ import annotations

from arcd.core.facts import FlagKind

Texts = dict[str, str]

KINDS: dict[FlagKind, Texts] = {
    FlagKind.ON_TEST: {"fi": "koestus", "sv": "provning", "en": "test"},
    FlagKind.MAINTENANCE: {"fi": "huolto", "sv": "underhåll", "en": "maintenance"},
}

MESSAGES: dict[str, Texts] = {
    "ending.subject": {
        "fi": "{site_name}: {kind} päättyy {until_local}",
        "sv": "{site_name}: {kind} slutar {until_local}",
        "en": "{site_name}: the {kind} ends {until_local}",
    },
    "ending.body": {
        "fi": (
            "{kind} {flag_id} kohteessa {site_name} päättyy {until_local}. Sen jälkeen jokainen ilmoitus on hälytys.\n"
            "Jos työ on kesken, soita hälytyskeskukseen ennen sitä.\n"
        ),
        "sv": (
            "{kind} {flag_id} i objektet {site_name} slutar {until_local}. Därefter är varje signal ett larm.\n"
            "Om arbetet inte är klart, ring larmcentralen innan dess.\n"
        ),
        "en": (
            "The {kind} {flag_id} at {site_name} ends {until_local}. From then on every signal is an alarm.\n"
            "If the work is not finished, call the alarm receiving centre before that.\n"
        ),
    },
    "extended.subject": {
        "fi": "{site_name}: {kind} jatkuu, päättyy {until_local}",
        "sv": "{site_name}: {kind} fortsätter till {until_local}",
        "en": "{site_name}: the {kind} goes on until {until_local}",
    },
    "extended.body": {
        "fi": (
            "{kind} {flag_id} kohteessa {site_name} jatkuu tämän kerran {until_local} asti, koska ilmoituksia tulee "
            "yhä tai jokin on palautumatta. Palauta laitteisto siihen mennessä.\n"
        ),
        "sv": (
            "{kind} {flag_id} i objektet {site_name} fortsätter denna gång till {until_local}, eftersom signaler ännu "
            "kommer eller något inte är återställt. Återställ anläggningen innan dess.\n"
        ),
        "en": (
            "The {kind} {flag_id} at {site_name} goes on this once until {until_local}, because signals still come or "
            "something has not been restored. Restore the system by then.\n"
        ),
    },
    "ended.subject": {
        "fi": "{site_name}: {kind} on päättynyt",
        "sv": "{site_name}: {kind} har avslutats",
        "en": "{site_name}: the {kind} is over",
    },
    "ended.body": {
        "fi": "{kind} {flag_id} kohteessa {site_name} on päättynyt. Jokainen ilmoitus on nyt hälytys.\n\n{report}\n",
        "sv": "{kind} {flag_id} i objektet {site_name} har avslutats. Varje signal är nu ett larm.\n\n{report}\n",
        "en": "The {kind} {flag_id} at {site_name} is over. Every signal is an alarm now.\n\n{report}\n",
    },
    "reminder.subject": {
        "fi": "{site_name}: {kind} on yhä voimassa, päättyy {until_local}",
        "sv": "{site_name}: {kind} pågår ännu, slutar {until_local}",
        "en": "{site_name}: the {kind} is still in force until {until_local}",
    },
    "reminder.body": {
        "fi": (
            "{kind} {flag_id} kohteessa {site_name} on voimassa {until_local} asti: ilmoituksista ei hälytetä.\n"
            "Syy: {reason}\nTiedotettu: {informed}\nIlmoita hälytyskeskukseen heti, kun työ on valmis.\n"
        ),
        "sv": (
            "{kind} {flag_id} i objektet {site_name} gäller till {until_local}: signaler leder inte till larm.\n"
            "Orsak: {reason}\nInformerade: {informed}\nMeddela larmcentralen genast när arbetet är klart.\n"
        ),
        "en": (
            "The {kind} {flag_id} at {site_name} is in force until {until_local}: signals raise no alarm.\n"
            "Reason: {reason}\nInformed: {informed}\nTell the alarm receiving centre as soon as the work is done.\n"
        ),
    },
}

REPORT: dict[str, Texts] = {
    "because": {"fi": "Päättyi", "sv": "Avslutades", "en": "Ended"},
    "held": {"fi": "Ilmoituksia", "sv": "Signaler", "en": "Signals"},
    "heard": {"fi": "Kuultu", "sv": "Hörda", "en": "Heard"},
    "missing": {"fi": "Kuulematta", "sv": "Inte hörda", "en": "Not heard"},
    "standing": {"fi": "Palautumatta", "sv": "Inte återställda", "en": "Not restored"},
    "emergencies": {
        "fi": "Hätäilmoituksia (* = käsitelty hälytyksenä)",
        "sv": "Nödsignaler (* = behandlad som larm)",
        "en": "Emergency signals (* = made live)",
    },
    "unannounced": {
        "fi": "R-66: hätäkeskukseen ei soitettu ennen ensimmäistä ilmoitusta.",
        "sv": "R-66: nödcentralen uppringdes inte före den första signalen.",
        "en": "R-66: the emergency response centre was not called before the first signal.",
    },
}
