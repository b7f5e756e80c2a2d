"""The alert rules name metrics and labels that exist, and every rule says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcd.metrics import LABEL_VALUES, TABLE

ALERTS = Path(__file__).parents[2] / "config" / "prometheus" / "alerts.yaml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
SPECS = {spec.name: spec for spec in TABLE}
_SELECTOR = re.compile(r"\b(arc_[a-z_]+)(?:\{([^}]*)\})?")

# What requirements 6.1 asks for, and the rule that answers.
ASKED_FOR = {
    "no signals for 5 minutes": "ArcNothingHeard",
    "ACK above 5 s": "ArcAckSlow",
    "heartbeats halved": "ArcHeartbeatsHalved",
    "clock not synchronised": "ArcClockUnsynchronized",
    "checkpoint older than 5 minutes": "ArcCheckpointOld",
    "P0 unacknowledged for 30 s": "ArcLifeSafetyUnacknowledged",
    "outbox not empty for 60 s": "ArcOutboxStuck",
    "disk below 15 %": "ArcDiskFilling",
    "dead man's switch": "ArcWatchdogSwitch",
}


def test_every_rule_asked_for_is_there() -> None:
    assert set(ASKED_FOR.values()) <= {rule["alert"] for rule in RULES}
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_rule(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Arc[A-Za-z]+", rule["alert"])
    assert re.fullmatch(r"[0-9]+[sm]", rule.get("for", "1s"))
    assert rule["labels"]["severity"] in {"page", "warning", "none"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["action"]
    assert rule["expr"].count("(") == rule["expr"].count(")")
    for name, labels in _SELECTOR.findall(rule["expr"]):
        _check_selector(name, labels)


def _check_selector(name: str, labels: str) -> None:
    base = re.sub(r"_(bucket|count|sum)$", "", name)
    spec = SPECS.get(name) or SPECS[base]
    if name != spec.name:
        assert spec.buckets, f"{name} is no histogram"
    for label, value in re.findall(r'([a-z_]+)="([^"]*)"', labels):
        if label == "le":
            # The client writes bounds as floats; a rule that says le="5" would match nothing.
            assert value in {str(float(bound)) for bound in spec.buckets}
        else:
            assert label in spec.labels
            assert value in LABEL_VALUES[label]


def test_no_quantile_is_compared_with_the_highest_bucket_or_more() -> None:
    """histogram_quantile never answers more than the highest bound, so such a rule could not fire."""
    for rule in RULES:
        for name, limit in re.findall(r"histogram_quantile\(.*?\b(arc_\w+)_bucket.*\)\s*>\s*([0-9.]+)", rule["expr"]):
            assert float(limit) < SPECS[name].buckets[-1], rule["alert"]
