"""What the channels that post have in common and their own tests do not show. Their outcomes are in those tests."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from arcd.core.facts import EffectOutcome
from arcd.effectors.http_attempt import SECRET_BYTES_MIN, HttpAttempt, check_secret, signature_headers


def test_the_signature_is_over_the_timestamp_and_the_body() -> None:
    headers = signature_headers(b"s" * 16, 1_767_225_600_999_999_999, b"body")
    wanted = hmac.new(b"s" * 16, b"1767225600.body", hashlib.sha256).hexdigest()
    assert headers == {"Arcd-Timestamp": "1767225600", "Arcd-Signature": f"v1={wanted}"}


def test_a_secret_has_a_length() -> None:
    check_secret(b"x" * SECRET_BYTES_MIN, "webhook")
    with pytest.raises(ValueError, match=f"the webhook secret has at least {SECRET_BYTES_MIN} bytes"):
        check_secret(b"x" * (SECRET_BYTES_MIN - 1), "webhook")


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://[::1/", "gopher://127.0.0.1/", "no url"])
async def test_what_is_no_address_is_refused_for_good(url: str) -> None:
    http = HttpAttempt(ca_file=None, connect_s=1, read_s=1, total_s=1)
    performed = await http.post(url, b"", {})
    await http.close()
    assert performed.outcome is EffectOutcome.REFUSED
    assert url not in performed.detail
