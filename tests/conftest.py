"""Settings for every test run: what hypothesis tries, and how often."""

from __future__ import annotations

import os

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
