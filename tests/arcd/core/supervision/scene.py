"""A site with supervised paths, and a frame on each of them."""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.facts import AnyFact, FrameReceived
from arcd.core.site import (
    Account,
    Centre,
    Conditioning,
    PathKind,
    Reporting,
    Site,
    System,
    TransmissionOperator,
    TransmissionPath,
    Uplink,
)
from rules import shipped
from tests.playbook import Panel, Playbook, Telling
from tests.sites import a_centre, a_site

OPERATORS = (TransmissionOperator(id="teleco", name="Teleyhtiö"), TransmissionOperator(id="netco", name="Verkkoyhtiö"))
IP, MOBILE = "S-1/panel/ip", "S-1/panel/mobile"


def centre() -> Centre:
    return replace(a_centre(), transmission_operators=OPERATORS, uplinks=(Uplink(id="main", gateways=("dc09-udp",)),))


def single(
    category: str = "SP4",
    *,
    interval_s: float | None = 40.0,
    kind: str = "intrusion",
    reporting: Reporting | None = None,
) -> System:
    path = TransmissionPath(id="ip", interval_s=interval_s)
    return System(
        id="panel", kind=kind, accounts=(Account(number="1001"),), category=category, paths=(path,),
        reporting=reporting or Reporting(),
    )  # fmt: skip


def double(category: str = "DP3", *, interval_s: float | None = 40.0, kind: str = "intrusion") -> System:
    """The primary path reports to receiver 13, the alternative to 23."""
    return System(
        id="panel", kind=kind, accounts=(Account(number="1001"),), category=category,
        paths=(
            TransmissionPath(id="ip", receiver="13", interval_s=interval_s),
            TransmissionPath(id="mobile", kind=PathKind.ALTERNATIVE, receiver="23"),
        ),
    )  # fmt: skip


def site(*systems: System, tags: tuple[str, ...] = (), conditioning: Conditioning | None = None) -> Site:
    return replace(a_site("S-1", systems=systems, services=(), conditioning=conditioning, guards=()), tags=tags)


def play(
    *systems: System, tags: tuple[str, ...] = (), conditioning: Conditioning | None = None, shipped_rules: bool = True
) -> Playbook:
    sources = shipped.sources() if shipped_rules else None
    return Playbook(sites=[site(*systems, tags=tags, conditioning=conditioning)], centre=centre(), sources=sources)


def beat(receiver: str | None = None, *, panel: Panel | None = None, code: str = "") -> Telling:
    """A link test, or a signal, over the path that this receiver number tells."""
    panel = panel or Panel("1001")
    telling = panel.sia(code, zone="1") if code else panel.null()

    def tell(now: int) -> AnyFact:
        fact = telling(now)
        assert isinstance(fact, FrameReceived)
        received = fact.received
        return replace(fact, received=replace(received, origin=replace(received.origin, receiver=receiver)))

    return tell


def changes(playing: Playbook) -> list[str]:
    """What was told of paths and systems, in order: "path.failed ip"."""
    return [
        f"{note.what} {note.detail.get('path') or ''}".strip()
        for _, stepped in playing.history
        for note in stepped.record.notes
        if note.what in ("path.failed", "path.restored", "ats.failed", "ats.restored", "path.settled_itself")
    ]


def told(playing: Playbook) -> list[str]:
    """Signals of our own supervision that were judged: "opened path_fault supervision/fault/one-of-two P4"."""
    return [
        " ".join(
            [judgement.judged.value, judgement.decision.route, judgement.decision.priority.value]
            if judgement.decision is not None
            else [judgement.judged.value]
        )
        for _, stepped in playing.history
        for judgement in stepped.record.judgements
        if stepped.record.fact.__struct_config__.tag in ("deadline_reached", "paths_heard_again", "frame_received")
    ]
