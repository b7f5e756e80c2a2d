from __future__ import annotations

import pytest

from arcd.cli import paths
from arcd.core.storm.model import Storm
from tests.arcd.api.lines import LINE, fails, watched
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon


def test_listed_and_shown(arcctl: Arcctl, daemon: Daemon) -> None:
    assert "no path is supervised so" in arcctl("paths", "list").out
    daemon.run(watched(daemon.desk))
    assert "unknown" in arcctl("paths", "list").out
    daemon.run(fails(daemon.desk))
    listed = arcctl("paths", "list", "--state", "failed").out
    for wanted in (LINE, "SP4 primary", "failed", "2min 25s"):
        assert wanted in listed, wanted
    shown = arcctl("paths", "show", LINE)
    assert shown.code == 0, shown.err
    for wanted in ("failed", "down since 2026-01-01", "reported within 3min", "depends on daemon", "LTE-77", "cut off"):
        assert wanted in shown.out, wanted
    assert arcctl("paths", "show", LINE, "--json").json()["path"] == LINE


def test_a_storm_stands_above_the_list(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.run(watched(daemon.desk))
    storm = Storm(
        id="W1", node="operator:teleco", began_at=1, case_id="C7", children=40, back=3, categories={"SP4": 40}
    )
    daemon.desk.state.storms.put(storm.node, storm)
    assert "storm operator:teleco active: 37 of 40 down (SP4 40), case C7" in arcctl("paths", "list").out


def test_long_lists_are_fetched_page_by_page(arcctl: Arcctl, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "PAGE_ROWS", 1)
    daemon.run(watched(daemon.desk))
    assert [row["path"] for row in arcctl("paths", "list", "--json").json()["paths"]] == [LINE]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "S-1/fire"), 2, "like K-2001/fire/mobile"),
        (("show", "S-1/fire/x"), 1, "arcctl paths list"),
        (("list", "--state", "broken"), 2, "up, late, settling, failed, unknown"),
        (("list", "S-9"), 1, "arcctl sites list"),
    ],
)
def test_what_is_wrong_is_said(arcctl: Arcctl, daemon: Daemon, words: tuple[str, ...], code: int, said: str) -> None:
    ran = arcctl("paths", *words)
    assert ran.code == code
    assert said in ran.err
