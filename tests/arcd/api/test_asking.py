from __future__ import annotations

import os
import pwd

from arcd.api.asking import Language, os_actor
from arcd.core.facts import Actor
from rules.vocabulary import LANGUAGES
from tests.arcd.api.desk import UID


def test_the_actor_is_the_os_user_by_name() -> None:
    actor = os_actor(os.getuid())
    assert actor.id == f"os:{pwd.getpwuid(os.getuid()).pw_name}"


def test_a_user_without_a_name_is_a_number() -> None:
    assert os_actor(UID) == Actor(id=f"os:{UID}")


def test_the_languages_are_those_of_the_rules() -> None:
    assert {language.value for language in Language} == set(LANGUAGES)
