"""arcctl notices, arrangements and paths report, over a socket, with a line that has failed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from arcd.cli.path_report import percent
from arcd.core.facts import OperatorAnswered, PartyInformed
from tests.arcd.api.lines import comes_back, fails, passes, watched
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon


@pytest.fixture
def failed(daemon: Daemon) -> Daemon:
    daemon.run(watched(daemon.desk))
    daemon.run(passes(daemon.desk, 3600))
    daemon.run(fails(daemon.desk))
    return daemon


def test_notices_and_their_answers(arcctl: Arcctl, failed: Daemon) -> None:
    ran = arcctl("notices", "list")
    assert ran.code == 0, ran.err
    assert "Teleoperaattori Oy" in ran.out
    assert "S-1/fire/mobile" in ran.out
    (notice,) = arcctl("notices", "list", "--json").json()["notices"]
    ran = arcctl("notices", "answer", notice["id"], "--ticket", "INC-1", "--answer", "Fibre cut", "--expected",
                 "2026-01-01T14:00Z")  # fmt: skip
    assert (ran.code, ran.out.strip()) == (0, f"done {notice['id']}")
    fact = failed.desk.asked[-1]
    assert isinstance(fact, OperatorAnswered)
    assert (fact.ticket, fact.answer) == ("INC-1", "Fibre cut")
    ran = arcctl("notices", "answer", notice["id"])
    assert ran.code == 2
    assert "--ticket INC-4711" in ran.err
    assert arcctl("notices", "answer", "N1", "--ticket", "1").code != 0


def test_no_notice(arcctl: Arcctl, daemon: Daemon) -> None:
    assert "no transmission operator waits for anything" in arcctl("notices", "list").out
    assert "no line needs an exceptional arrangement" in arcctl("arrangements", "list").out


def test_arrangements_their_report_and_who_was_told(arcctl: Arcctl, failed: Daemon) -> None:
    ran = arcctl("arrangements", "list", "--lang", "fi")
    assert "Siirto-operaattorille ilmoitettu" in ran.out
    assert "57 min" in ran.out
    (row,) = arcctl("arrangements", "list", "--json").json()["arrangements"]
    report = arcctl("arrangements", "report", row["case_id"], "--lang", "sv")
    assert report.code == 0, report.err
    assert "Undantagsarrangemang" in report.out
    assert "as the subscriber wants it" in report.out
    ran = arcctl("arrangements", "inform", row["case_id"], "--name", "Insurer", "--how", "phone")
    assert ran.code == 0, ran.err
    fact = failed.desk.asked[-1]
    assert isinstance(fact, PartyInformed)
    assert fact.name == "Insurer"
    shown = arcctl("case", "show", row["case_id"]).out
    assert "Insurer (phone), not yet of the end" in shown
    assert "Teleoperaattori Oy (mail), of the end by a notice of its own" in shown
    ran = arcctl("arrangements", "inform", row["case_id"], "--how", "phone")
    assert ran.code == 2
    assert "either --contact ID or --name TEXT" in ran.err
    ran = arcctl("arrangements", "inform", row["case_id"], "--contact", "owe", "--how", "mail")
    assert ran.code == 1
    assert "no address to write to" in ran.err


def test_a_limit_that_has_passed(arcctl: Arcctl, failed: Daemon) -> None:
    failed.run(passes(failed.desk, 3500))
    assert "Time limit reached" in arcctl("arrangements", "list", "--lang", "en").out


def test_the_report_of_lines_and_its_picture(arcctl: Arcctl, failed: Daemon, tmp_path: Path) -> None:
    failed.run(comes_back(failed.desk))
    ran = arcctl("paths", "report", "S-1/fire", "--months", "1", "--chart", str(tmp_path / "a.svg"), "--lang", "fi")
    assert ran.code == 0, ran.err
    assert "fire, all paths" in ran.out
    assert "fire/mobile  SP4, circuit LTE-77" in ran.out
    assert "95.112 %" in ran.out
    assert "detected after 2 min 55 s (median), 2 min 55 s at most against 3 min" in ran.out
    assert "the picture is in" in ran.err
    ElementTree.fromstring((tmp_path / "a.svg").read_text(encoding="utf-8"))
    value = arcctl("paths", "report", "S-1/fire/mobile", "--json").json()
    assert [line["path_id"] for line in value["lines"]] == ["mobile"]


@pytest.mark.parametrize("line", ["S-1/fire/mobile/more", "/fire", "S-1/"])
def test_a_line_is_named_in_three_parts_at_most(arcctl: Arcctl, daemon: Daemon, line: str) -> None:
    ran = arcctl("paths", "report", line)
    assert ran.code == 2
    assert "like K-2001" in ran.err


def test_a_line_that_is_not_there_and_a_place_that_cannot_be_written(arcctl: Arcctl, failed: Daemon) -> None:
    ran = arcctl("paths", "report", "K-1")
    assert ran.code != 0
    assert "`arcctl paths list` lists them" in ran.err
    ran = arcctl("paths", "report", "S-1", "--chart", "/nowhere/a.svg")
    assert ran.code != 0
    assert "name another place with --chart" in ran.err


@pytest.mark.parametrize(
    ("ratio", "text"), [(1.0, "100 %"), (0.9999999, "99.999 %"), (0.95, "95.000 %"), (None, "–"), (0.0, "0.000 %")]
)
def test_percent_is_rounded_down(ratio: float | None, text: str) -> None:
    assert percent(ratio) == text
