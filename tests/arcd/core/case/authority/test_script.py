"""What an operator reads out on the telephone, in three languages."""

from __future__ import annotations

import pytest

from arcd.core.case.authority.script import phone_script
from tests.arcd.core.case.authority.scene import PHONE, Play, a_told_site, begin

SCRIPTS = {
    "en": [
        "This is the alarm receiving centre Test centre. I report: Fire alarm.",
        "Address: Shop S-1, Esimerkkitori 2, Helsinki.",
        "Alarm: FA Fire Alarm (3 Shop floor), at 04.03.2026 14:00:00.",
        "What is known: somebody is probably there, or danger is likely.",
        "Hazards: Gas bottles.",
        "Instructions: Ring twice.",
        "Ask for a reference number and the name of who answers. Our own reference is C11.",
    ],
    "fi": [
        "Täällä hälytyskeskus Test centre. Ilmoitan: Palohälytys.",
        "Osoite: Shop S-1, Esimerkkitori 2, Helsinki.",
        "Hälytys: FA Fire Alarm (3 Shop floor), kello 04.03.2026 14:00:00.",
        "Tilanne: paikalla on luultavasti ihminen tai vaara on todennäköinen.",
        "Vaarat: Gas bottles.",
        "Ohje: Soita kahdesti.",
        "Pyydä viitenumero ja vastaajan nimi. Oma tunnisteemme on C11.",
    ],
    "sv": [
        "Detta är larmcentralen Test centre. Jag anmäler: Brandlarm.",
        "Adress: Shop S-1, Esimerkkitori 2, Helsinki.",
        "Larm: FA Fire Alarm (3 Shop floor), klockan 04.03.2026 14:00:00.",
        "Läge: sannolikt en person på platsen eller sannolik fara.",
        "Faror: Gas bottles.",
        "Instruktion: Ring twice.",
        "Be om referensnummer och svararens namn. Vår egen beteckning är C11.",
    ],
}


@pytest.mark.parametrize("language", SCRIPTS)
def test_it_says_what_and_where_and_what_to_ask(playbook: Play, language: str) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    assert list(phone_script(play.station.state, play.case("C11"), language)) == SCRIPTS[language]


def test_the_same_event_and_the_news_are_lines_of_their_own(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE, site=a_told_site(erc_device="12345"))
    script = phone_script(play.station.state, play.case("C11"), "en", news="flames on the roof")
    assert "The same event that device 12345 has alarmed about itself." in script
    assert "New: flames on the roof" in script


def test_texts_of_people_are_data(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    script = phone_script(play.station.state, play.case("C11"), "en", news="{case_id} {0} {")
    assert "New: {case_id} {0} {" in script
