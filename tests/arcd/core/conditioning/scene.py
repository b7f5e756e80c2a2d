"""A site for tests of conditioning: every rule is off but those that a test turns on.

One rule: the pieces are told apart by zone. 1 and 2 are two doors that overlap, 3 is a detector of another kind over
the same hall, 4 stands elsewhere, 5 is in the yard; 9 is described nowhere.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.facts import AnyFact, FrameReceived
from arcd.core.site import Account, Area, Site, System, Zone
from rules import shipped
from tests.playbook import NS, After, Panel, Playbook, Telling
from tests.sites import QUIET, a_site, rules

HOUR = 3600.0
ZONES = (
    Zone(number="1", name="Door", area="1", technology="contact", confirm_group="hall"),
    Zone(number="2", name="Back door", area="1", technology="contact", confirm_group="hall"),
    Zone(number="3", name="Hall", area="1", technology="pir", confirm_group="hall"),
    Zone(number="4", name="Store", area="2", technology="pir", confirm_group="store"),
    Zone(number="5", name="Yard", area="1", technology="beam", exterior=True),
)
_LOGGED = dict.fromkeys(("AR", "BC", "OC", "FC", "YK", "YR", "TR", "HR", "FR", "BU", "FU"), "log")
_SENT = dict.fromkeys(("AT", "YC", "YT", "FB", "BB"), "trouble")
SOURCES = rules((), {**_LOGGED, **_SENT, "TA": "look", "BV": "look", "HA": "urgent"})
SHIPPED = shipped.sources()


def a_shop(site_id: str = "S-1", *, accounts: tuple[str, ...] = ("1001", "1002"), **conditioning: object) -> Site:
    system = System(
        id="intrusion",
        kind="intrusion",
        accounts=tuple(Account(number=number) for number in accounts),
        areas=(Area(number="1", reports_open_close=True), Area(number="2")),
        zones=ZONES,
    )
    made = replace(QUIET, **conditioning)
    return a_site(site_id, systems=(system,), conditioning=made, services=("guard", "guard_dispatch"))


def a_play(*, sources: dict[str, str] | None = None, **conditioning: object) -> Playbook:
    return Playbook(sites=[a_shop(**conditioning)], sources=sources or SOURCES)  # type: ignore[arg-type] # – passed on


def tell(play: Playbook, told: Telling) -> str:
    """Tell a signal; what became of it, and of others that were decided in the same step."""
    play >> told
    play << ...
    return judged(play)


def judged(play: Playbook) -> str:
    return " ".join(each.judged.value for each in play.stepped.record.judgements)


def because(play: Playbook) -> str:
    return play.stepped.record.judgements[-1].because


def noted(play: Playbook, what: str) -> list[dict[str, object]]:
    """The details of the notes of that name in all that was told."""
    notes = (note for _, stepped in play.history for note in stepped.record.notes)
    return [dict(note.detail) for note in notes if note.what == what]


def wait(play: Playbook, seconds: float) -> None:
    play >> After(seconds)
    play << ...


def cid(panel: Panel, event: str, *, zone: str = "000", area: str = "01", timed: bool = True) -> Telling:
    """A Contact ID message: qualifier and code as they stand on the wire ("6301" is AC loss, still present)."""
    return panel.message("ADM-CID", f"#{panel.account}|{event} {area} {zone}", timed=timed)


def happened(told: Telling, age_s: float) -> Telling:
    """The same message, from a panel that says it is that old (DC-09 extended data H)."""

    def tell_it(now: int) -> AnyFact:
        fact = told(now)
        assert isinstance(fact, FrameReceived)
        at = now - round(age_s * NS)
        signals = tuple(replace(signal, occurred_at=at) for signal in fact.received.signals)
        return replace(fact, received=replace(fact.received, signals=signals))

    return tell_it
