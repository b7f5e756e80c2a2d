"""Facts of administration: rules, the centre, sites, temporary hours."""

from __future__ import annotations

from arcd.core.facts.base import Actor, Fact
from arcd.core.site import Centre, Hours, SealedKey, Site


class RulesLoaded(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="rules_loaded"):
    """The sources themselves, so that every decision can be traced to the exact text in force."""

    digest: str
    sources: dict[str, str]
    actor: Actor
    # Of what the rules directory held then: a start takes the directory up again only when it has changed since, so
    # that a rollback, or rules given from elsewhere, outlive a restart. "": not known.
    directory_digest: str = ""


class CentreImported(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="centre_imported"):
    centre: Centre
    actor: Actor


class SiteImported(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="site_imported"):
    site: Site
    actor: Actor


class SiteRemoved(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="site_removed"):
    site_id: str
    actor: Actor


class KeyChangeRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="key_change_requested"):
    """A new key for an account, sealed, to be offered to its panel; or None: the one offered is withdrawn."""

    site_id: str
    account: str
    actor: Actor
    key: SealedKey | None = None


class ScheduleChangeRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="schedule_change_requested"):
    """Other hours for an area on some days, on somebody's word. Or, with `withdraws`, an earlier change taken back."""

    site_id: str
    system_id: str
    area: str
    actor: Actor
    hours: Hours = Hours()  # neither opening nor closing: closed all day
    from_day: str = ""  # local dates, "2026-12-23", both included: it ends by itself
    until_day: str = ""
    reason: str = ""
    requested_by: str = ""  # contact id on whose word
    identity_check: str = ""  # of that contact, made just now; "" only for a supervisor's own decision
    withdraws: str = ""  # id of the change
