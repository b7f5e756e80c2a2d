"""Settings for every test run: in which order, what hypothesis tries, and how often."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Derandomised: a commit passes or fails for everybody alike. The nightly run looks for what 100 examples miss.
settings.register_profile("dev", max_examples=100, deadline=None, derandomize=True)
settings.register_profile(
    "nightly",
    max_examples=20_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("ARCD_HYPOTHESIS", "dev"))

TESTS = Path(__file__).parent
# Files that play seeds and start processes take longest: first, so that at the end no worker is left alone with one.
LONG = ("sim", "crash", "faults", "e2e", "systemd")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.path.relative_to(TESTS).parts[0]))


def _place(directory: str) -> int:
    return LONG.index(directory) if directory in LONG else len(LONG)
