"""A device's token stands nowhere in what is kept of its message, however it came to be in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.gateways.intake_door import _shown, hide
from tests.arcd.gateways.intake import TOKEN

LIMIT = 100


@pytest.mark.parametrize("written", [TOKEN, TOKEN.upper(), TOKEN.capitalize(), f"<{TOKEN}>", TOKEN * 2])
def test_in_any_case_and_number(written: str) -> None:
    assert hide(TOKEN, f"to {written}!") == "to " + written.lower().replace(TOKEN, "****") + "!"


@given(st.integers(0, 3 * LIMIT), st.integers(1, 4), st.integers(0, 2 * LIMIT))
def test_not_even_half_of_one_at_the_end(before: int, tokens: int, after: int) -> None:
    shown = _shown(TOKEN, b"x" * before + TOKEN.upper().encode() * tokens + b"y" * after, LIMIT)
    assert len(shown) <= LIMIT
    assert TOKEN[:8].upper().encode() not in shown
    assert shown.startswith(b"x" * min(before, LIMIT))


def test_without_a_token_the_beginning_is_kept_as_it_came() -> None:
    assert _shown("", b"a" * 300, LIMIT) == b"a" * LIMIT
