"""`arcctl case authority` against the real admin API."""

from __future__ import annotations

import pytest

from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon

CALLED = ("--authority", "Hätäkeskus", "--number", "112", "--person", "Salo", "--reference", "P-77")


def test_the_script_and_the_record(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("HA")
    ran = arcctl("case", "authority", case_id, "show", "--lang", "en")
    assert ran.code == 0, ran.err
    assert "CALL BY PHONE NOW" in ran.out
    assert "I report: Hold-up alarm." in ran.out
    assert "reference  The authority's reference" in ran.out
    assert "passed   category: life or health may be in danger" in ran.out
    ran = arcctl("case", "authority", case_id, "answer", *CALLED, "--outcome", "accepted")
    assert (ran.code, ran.out) == (0, f"done {case_id}\n")
    ran = arcctl("case", "show", case_id, "--lang", "en")
    assert "accepted, reference P-77" in ran.out
    assert "CALL BY PHONE NOW" not in ran.out


def test_an_open_call_stands_on_the_cases_own_screen(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("case", "show", daemon.alarm("HA"), "--lang", "fi")
    assert "SOITA PUHELIMELLA NYT" in ran.out
    assert "Täällä hälytyskeskus" in ran.out


def test_what_the_gate_asks(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("BA")
    ran = arcctl("case", "authority", case_id, "notify")
    assert ran.code == 1
    assert "(gate.confirm)" in ran.err
    assert arcctl("case", "authority", case_id, "level", "3", "--reason", "Seen").code == 0
    assert arcctl("case", "authority", case_id, "notify").code == 0
    assert "level 3" in arcctl("case", "authority", case_id, "--lang", "en").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dial",), "'dial' is nothing to do here; write show, notify, answer, update, cancel, level"),
        (("answer",), "say what came of the call: --outcome accepted, rejected, no_answer or busy"),
        (("notify", "3"), "a number from 0 to 4 goes with level, and only with it"),
        (("level",), "a number from 0 to 4 goes with level, and only with it"),
    ],
)
def test_wrong_usage(arcctl: Arcctl, arguments: tuple[str, ...], message: str) -> None:
    ran = arcctl("case", "authority", "C12", *arguments)
    assert ran.code == 2
    assert message in ran.err
