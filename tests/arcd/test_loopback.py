from __future__ import annotations

import pytest

from arcd.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "192.0.2.7", "example.org", "localhost.example.org", "127.0.0.1.example.org", "127.1"]
)
def test_elsewhere_or_unknown(host: str) -> None:
    assert not is_loopback(host)
