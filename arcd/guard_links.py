"""Personal links with which a guard answers a job offer.

One rule: a link is computed, never stored. Its token is the offer id and a MAC over it, so the daemon recognises its
own links after a restart without a table, and neither journal nor backup holds anything a reader could answer with.
Whether the offer is still open is the core's business, not the link's.

The page link is safe to open. An answer link is the target of a POST: mail scanners follow links, and a GET that
accepted a job would let them accept it.
"""

from __future__ import annotations

import base64
import hmac
import re
from urllib.parse import urlsplit

from arcd.core.facts import GuardAnswer
from arcd.credentials import Kek

LINK_PATH = "/g"  # short: links are read aloud and sent by SMS
# 128 bits: not guessable online, half the length of a whole SHA-256 MAC (RFC 2104 section 5 allows cutting to half).
MAC_BYTES = 16
TOKEN_CHARS_MAX = 256

_PURPOSE = b"arcd guard link 1"
_KEY_BYTES = 32
_PLAIN = re.compile(r"[A-Za-z0-9_-]")
_READABLE = re.compile(r"(?:[A-Za-z0-9_-]|~[0-9a-f]{2})+")


class LinkSigner:
    """Makes and recognises the links of one daemon."""

    __slots__ = ("_base_url", "_key")

    def __init__(self, key: bytes, base_url: str) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError(f"a link key has {_KEY_BYTES} bytes")
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("the base URL of guard links is like https://guard.example.org, without ? or #")
        self._key = key
        self._base_url = base_url.rstrip("/")

    @classmethod
    def under(cls, kek: Kek, base_url: str) -> LinkSigner:
        return cls(kek.derive(_PURPOSE), base_url)

    def url(self, offer_id: str, answer: GuardAnswer | None = None) -> str:
        """The offer's page; with an answer, the address to POST that answer to."""
        page = f"{self._base_url}{LINK_PATH}/{self.token(offer_id)}"
        return page if answer is None else f"{page}/{answer.value}"

    def token(self, offer_id: str) -> str:
        mac = hmac.digest(self._key, offer_id.encode(), "sha256")[:MAC_BYTES]
        token = f"{_readable(offer_id)}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        assert len(token) <= TOKEN_CHARS_MAX, "offer ids are short"
        return token

    def offer_of(self, token: str) -> str | None:
        """The offer a token stands for; None for any token this daemon did not make."""
        if len(token) > TOKEN_CHARS_MAX or not token.isascii():
            return None
        offer_id = _offer_id(token.partition(".")[0])
        if offer_id is None:
            return None
        # The whole token is compared, in constant time: one offer has one token, and no byte of it can be varied.
        return offer_id if hmac.compare_digest(self.token(offer_id).encode(), token.encode()) else None

    def __repr__(self) -> str:
        return f"LinkSigner({self._base_url!r})"


def _readable(offer_id: str) -> str:
    """Unreserved characters only (RFC 3986 2.3): servers and proxies decode %2F in a path and would split the token."""
    assert offer_id, "an offer has an id"
    return "".join(
        char if _PLAIN.fullmatch(char) else "".join(f"~{byte:02x}" for byte in char.encode()) for char in offer_id
    )


def _offer_id(readable: str) -> str | None:
    if not _READABLE.fullmatch(readable):
        return None
    try:
        return re.sub(rb"~([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), readable.encode()).decode()
    except UnicodeDecodeError:
        return None
