"""Signals of inputs that send no message: the code table says what they are, and which restore ends them."""

from __future__ import annotations

import pytest

from protocols.event_codes import STANDARD
from protocols.made_signals import made_signal, sia_restore_of
from protocols.signals import Category, Qualifier, Scheme


@pytest.mark.parametrize(
    ("alarm", "restore"), [("BA", "BR"), ("FA", "FR"), ("WA", "WR"), ("TA", "TR"), ("KA", "KR"), ("HA", "HR")]
)
def test_the_restore_of_an_alarm(alarm: str, restore: str) -> None:
    signal = made_signal(scheme=Scheme.SIA, code=alarm, qualifier=Qualifier.RESTORE, zone="3")
    assert (signal.code, signal.qualifier) == (restore, Qualifier.RESTORE)
    assert STANDARD.sia[alarm].family in STANDARD.families_ended(signal)


def test_contact_id_keeps_its_code() -> None:
    signal = made_signal(scheme=Scheme.CONTACT_ID, code="130", qualifier=Qualifier.RESTORE)
    assert (signal.code, signal.qualifier, signal.category) == ("130", Qualifier.RESTORE, Category.INTRUSION)


def test_a_code_that_says_by_itself_what_it_is() -> None:
    assert made_signal(scheme=Scheme.SIA, code="BR", qualifier=Qualifier.NEW).qualifier is Qualifier.RESTORE


def test_an_unknown_code_is_kept() -> None:
    signal = made_signal(scheme=Scheme.SIA, code="QQ", qualifier=Qualifier.NEW, text="?")
    assert (signal.code, signal.category, signal.text) == ("QQ", Category.UNKNOWN, "?")


def test_every_restore_found_ends_its_alarm() -> None:
    for row in STANDARD.sia.values():
        restore = sia_restore_of(row)
        if restore is not None:
            assert restore.qualifier is Qualifier.RESTORE
            assert row.family in (restore.family, *restore.also_ends)
