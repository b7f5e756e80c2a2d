from __future__ import annotations

import grp
import os
import pwd

from arcd.api.asking import Language, os_actor
from arcd.core.facts import SUPERVISOR, Actor
from rules.vocabulary import LANGUAGES
from tests.arcd.api.desk import UID


def test_the_actor_is_the_os_user_by_name() -> None:
    actor = os_actor(os.getuid())
    assert actor.id == f"os:{pwd.getpwuid(os.getuid()).pw_name}"


def test_a_supervisor_is_a_member_of_the_group() -> None:
    own = grp.getgrgid(os.getgid()).gr_name
    assert os_actor(os.getuid(), own).roles == (SUPERVISOR,)
    assert os_actor(os.getuid(), "no-such-group").roles == ()
    assert os_actor(os.getuid()).roles == ()
    assert os_actor(UID, own).roles == ()


def test_a_user_without_a_name_is_a_number() -> None:
    assert os_actor(UID) == Actor(id=f"os:{UID}")


def test_the_languages_are_those_of_the_rules() -> None:
    assert {language.value for language in Language} == set(LANGUAGES)
