from __future__ import annotations

from protocols.dc09.dialects import DIALECTS
from tests.arcd.cli.conftest import Arcctl


def test_every_dialect_says_its_panel_what_it_sets_and_its_source(arcctl: Arcctl) -> None:
    rows = {row["name"]: row for row in arcctl("panel", "dialects", "--json").json()}
    assert set(rows) == set(DIALECTS)
    assert rows["standard"]["sets"] == {}
    assert rows["eldes"]["sets"] == {"ignore_crc": True, "expected": ["decimal_length"]}
    assert rows["one-shot"]["sets"] == {"connection": "close_after_reply", "idle_limit_s": 60.0}
    ran = arcctl("panel", "dialects")
    assert ran.code == 0
    assert "    window_past_s: 120\n" in ran.out
    assert "    connection: close_after_reply\n" in ran.out
    assert f"    source: {DIALECTS['ajax'].source}\n" in ran.out
