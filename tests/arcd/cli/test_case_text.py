from __future__ import annotations

import pytest

from arcd.core.case.model import SIGNALS_FIRST_MAX, SIGNALS_LAST_MAX
from tests.arcd.api.desk import NASTY
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon


def test_one_screen_has_what_an_operator_needs(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = daemon.alarm("BA")
    arcctl("case", "ack", case_id)
    arcctl("case", "note", case_id, "first\nsecond\x1b[2J")
    arcctl("case", "step", case_id, "call-keyholders", "done", "--outcome", "no_answer", "--note", "rang 30 s")
    arcctl("case", "step", case_id, "assess", "skip", "--note", "nobody there")
    told = arcctl("case", "show", case_id, "--lang", "en").out
    for wanted in (
        "Intrusion, unconfirmed",
        "opened 01.01.2026 02:00:00 by daemon; acknowledged 01.01.2026 02:00:00 by os:",
        "hazard: Koira <i>",
        "Key is near.",
        "BA Burglary Alarm new area 1 zone 3",
        f"Ovi {NASTY}",
        "plan intrusion v1",
        "[>] dispatch-guard",
        "[-] assess",
        "offered to Yksikkö 12: open",
        "+358 40 555 0101",
        "list keyholders",
        "moves allowed now",
        "close  Close",
        "--field disposition=",
        "    first\n    second\\x1b[2J",
    ):
        assert wanted in told, wanted
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("asked", "environment", "wanted"),
    [
        (["--lang", "sv"], {}, "Nyckeln."),
        ([], {"LANG": "fi_FI.UTF-8"}, "Avain on talonmiehellä."),
        ([], {"LC_ALL": "sv_SE.UTF-8", "LANG": "fi_FI.UTF-8"}, "Nyckeln."),
        ([], {"LANG": "de_DE.UTF-8"}, "Key is near."),
        ([], {}, "Key is near."),
    ],
)
def test_texts_come_in_the_readers_language(
    arcctl: Arcctl, daemon: Daemon, asked: list[str], environment: dict[str, str], wanted: str
) -> None:
    case_id = daemon.alarm("BA")
    assert wanted in arcctl("case", "show", case_id, *asked, env=environment).out


def test_a_case_without_site_or_plan(arcctl: Arcctl, daemon: Daemon) -> None:
    case_id = arcctl("case", "open", "--type", "service_request", "--site", "K-2", "--title", "Light", "--json").json()[
        "subject"
    ]
    told = arcctl("case", "show", case_id).out
    assert "Light" in told
    assert "not acknowledged" in told


def test_a_long_story_says_what_it_leaves_out(arcctl: Arcctl, daemon: Daemon) -> None:
    for number in range(1, SIGNALS_FIRST_MAX + SIGNALS_LAST_MAX + 3):
        case_id = daemon.alarm("BA", zone=str(number), sequence=str(number))
    told = arcctl("case", "show", case_id).out.splitlines()
    place = told.index(f"  … 2 more: arcctl journal show --case {case_id}")
    assert f"zone {SIGNALS_FIRST_MAX} " in told[place - 1] + " "
    assert f"zone {SIGNALS_FIRST_MAX + 3} " in told[place + 1] + " "
