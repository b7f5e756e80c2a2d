"""What is remembered about checks of one contact's identity.

One rule: instants and outcomes only; nothing here could help anybody guess a word.
"""

from __future__ import annotations

from msgspec import Struct

ATTEMPTS_MAX = 3  # requirements 4.7: 3 in 15 minutes
ATTEMPTS_WINDOW_S = 15 * 60.0
VALID_S = 10 * 60.0  # somebody verified on the telephone states the request in the same call
CHECKS_KEPT_MAX = 4  # several operators may talk to one contact


class IdentityCheck(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A check that was passed – or that must look as if it had been (`duress_case`)."""

    id: str
    at: int
    level: int
    actor: str
    duress_case: str = ""


class ContactChecks(Struct, frozen=True, kw_only=True, omit_defaults=True):
    failed_at: tuple[int, ...] = ()  # within the window, at most ATTEMPTS_MAX
    checks: tuple[IdentityCheck, ...] = ()

    def failures_since(self, instant: int) -> tuple[int, ...]:
        return tuple(at for at in self.failed_at if at > instant)

    def check(self, check_id: str) -> IdentityCheck | None:
        return next((check for check in self.checks if check.id == check_id), None)


def contact_key(site_id: str, contact_id: str) -> str:
    """Ids hold no slash (`arcd.sitebase.schema`)."""
    return f"{site_id}/{contact_id}"
