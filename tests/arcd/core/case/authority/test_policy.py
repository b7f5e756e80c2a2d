from __future__ import annotations

import msgspec

from arcd.core.case.authority.policy import Connector, EscalationPolicy
from arcd.core.facts import Started


def test_built_in_are_the_telephone_and_the_exercise() -> None:
    policy = EscalationPolicy()
    assert (policy.connector, policy.is_machine, policy.actual, policy.actual_sites) == (
        Connector.MANUAL_PHONE,
        False,
        False,
        (),
    )
    assert (policy.response_timeout_s, policy.phone_after_s, policy.age_max_s) == (30, 60, 300)  # requirements 3.2


def test_a_start_of_an_older_release_means_the_telephone() -> None:
    old = b'{"fact":"started","at":1,"version":"0.0.9"}'
    assert msgspec.json.decode(old, type=Started).escalation == EscalationPolicy()
