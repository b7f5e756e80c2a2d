"""What the clock found, in words of three languages, and its end."""

from __future__ import annotations

import string

import pytest

from arcd.core.schedules.matters import SAID
from rules.vocabulary import ARCD_CODES, LANGUAGES
from tests.arcd.core.conftest import Play
from tests.arcd.core.schedules.test_areas import KEY, NOON, at, shop
from tests.playbook import CLOSING, Panel, move
from tests.sites import a_centre


def test_every_code_has_words_in_three_languages_and_is_in_the_vocabulary() -> None:
    assert set(SAID) <= set(ARCD_CODES)
    for texts in SAID.values():
        assert tuple(texts) == LANGUAGES
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts.values()]
        assert fields[0] == fields[1] == fields[2]
        assert fields[0] <= {"area", "time"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fi", "Aluetta Myymälä ei ole suljettu, vaikka sulkemisaika oli 4.3. 21:00"),
        ("sv", "Området Myymälä har inte stängts, stängningstiden var 4.3. 21:00"),
        ("en", "Area Myymälä has not been closed; it closes at 4.3. 21:00"),
    ],
)
def test_it_is_said_in_the_centre_s_language(playbook: Play, language: str, said: str) -> None:
    play = playbook(sites=[shop()], centre=a_centre(language=language), now=NOON)
    at(play, "2026-03-04T19:30") << ...
    assert play.case().signals[0].signal.text == said


def test_a_matter_that_people_have_closed_is_over(playbook: Play) -> None:
    play = playbook(sites=[shop()], now=NOON)
    at(play, "2026-03-04T19:30") << ...
    for name, form in (("acknowledge", None), ("close", CLOSING)):
        play >> move(name, form=form)
        play << ...
    play >> Panel().sia("CL", zone="4")
    play << "logged routed x/cl log P5\nreply ack"
    assert KEY in play.deadlines()
