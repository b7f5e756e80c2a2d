"""The second half of the thousand seeds that a commit plays; see `test_simulation`."""

from __future__ import annotations

import pytest

from tests.sim.running import play_all
from tests.sim.test_simulation import A_TEST


@pytest.mark.slow
@pytest.mark.parametrize("first", range(500, 1000, A_TEST))
def test_everything_holds(first: int) -> None:
    play_all(range(first, first + A_TEST))
