"""What mail and HTTP intake need around them: a site with sources, a machine, a media directory."""

from __future__ import annotations

import datetime
from pathlib import Path

import trustme

from arcd.clock import VirtualClock
from arcd.core.field import Source, SubjectRule
from arcd.core.site import Account, Site, System, Zone
from arcd.credentials import Kek, TokenSafe
from arcd.field_map import FieldMap
from arcd.gateways.intake_door import IntakeDoor
from arcd.media import MediaStore
from arcd.metrics import Metrics
from tests.arcd.gateways.inbox import Inbox
from tests.sites import a_site

TOKENS = TokenSafe(Kek(bytes(32)))
TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
CA = trustme.CA()
JPEG = b"\xff\xd8\xff\xe0" + bytes(500)


def the_site() -> Site:
    sources = (
        Source(
            id="cam-gate", account="2001", digest=TOKENS.digest(TOKEN), code="BA", zone="1",
            subjects=(
                SubjectRule(subject="*tamper*", code="TA"), SubjectRule(subject="*over*", restore=True, zone="2"),
            ),
        ),
        Source(id="cloud", account="2001", digest=TOKENS.digest(OTHER), by=("http",)),
    )  # fmt: skip
    zones = (Zone(number="1"), Zone(number="2"))
    system = System(id="video", kind="video", accounts=(Account(number="2001"),), zones=zones, sources=sources)
    return a_site(systems=(system,))


def a_map() -> FieldMap:
    field = FieldMap()
    field.update_site(the_site())
    return field


def a_door(protocol: str, kind: str, inbox: Inbox, clock: VirtualClock, media: Path, field: FieldMap) -> IntakeDoor:
    return IntakeDoor(
        gateway=protocol,
        protocol=protocol,
        kind=kind,
        field=field,
        tokens=TOKENS,
        media=MediaStore(media, bytes_max=10_000, retention_days={"alarm": 90}, now=clock.now),
        intake=inbox,
        clock=clock,
        metrics=Metrics(version="test", channels=[]),
    )


def a_certificate(directory: Path) -> Path:
    """One PEM file: the key, and the chain."""
    leaf = CA.issue_cert(
        "127.0.0.1", "intake.example.org", not_after=datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
    )
    path = directory / "intake.pem"
    path.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    return path
