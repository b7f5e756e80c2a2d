"""A desk to knock at: the real machine, rules, links and memory store behind the seam, with time that stands still.

It commits and answers as the daemon does, one fact at a time; imports answer what the test put into `import_report`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from typing import Any

import httpx
import msgspec

from arcd.api.desk import Busy, Desk, ImportReport, LineHealth, Listener, Status
from arcd.auditing.auditor import Auditor
from arcd.auditing.checkpoints import Checkpoints
from arcd.checks import Check
from arcd.clock import VirtualClock
from arcd.core.audit.retention import DAYS_DEFAULT
from arcd.core.effects import Answer, ErasePayloads, PruneEntries
from arcd.core.facts import Actor, AnyFact, CentreImported, FrameReceived, KeyChangeRequested, SiteImported
from arcd.core.site import (
    Account,
    Area,
    Centre,
    Contact,
    ContactRole,
    Guard,
    SealedKey,
    Site,
    System,
    Zone,
)
from arcd.core.state import State
from arcd.core.station import Station, Stepped, compiled
from arcd.forwarding.courier import Health
from arcd.guard_links import LinkSigner
from arcd.metrics import Metrics
from arcd.store import Batch, CaseRow, Checkpoint, Entry, Record, Sealed
from arcd.store.memory import MemoryStore
from protocols.codec import Kind, Origin, Received
from protocols.event_codes import STANDARD
from protocols.secrets import WireKey
from protocols.signals import Qualifier, Scheme, Signal
from protocols.tlog.note import SigningKey
from rules import shipped
from rules.engine import RuleSet

BASE_URL = "https://guard.example.org"
UID = 4_000_000_000  # no user has it: the actor is "os:4000000000"

# Planted where secrets live; no answer may ever hold one of them.
SECRETS = (
    "NONCE-tk2s8Jq1",
    "CIPHERTEXT-aW5zaWRl",
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$Y29kZXdvcmQ",
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$ZHVyZXNz",
    "hook-password-91",
    "hook-token-77",
)
_KEY = SealedKey(nonce=SECRETS[0], ciphertext=SECRETS[1])

NASTY = "<script>alert('x')</script> & \"Pojat\""
ANNA = Contact(
    id="anna",
    name=f"Anna {NASTY}",
    roles=(ContactRole.KEY_HOLDER,),
    phones=("+358 40 555 0101",),
    email="anna@example.invalid",
    code_word_hash=SECRETS[2],
    duress_word_hash=SECRETS[3],
)
SITE = Site(
    id="K-1",
    name=f"Kioski {NASTY}",
    address="Esimerkkitie 5 <b>",
    municipality="Helsinki",
    languages=("fi", "sv"),
    kind="shop",
    services=("alarm_monitoring", "guard", "guard_dispatch"),
    hazards=("Koira <i>",),
    instructions={"fi": "Avain on talonmiehellä.\nÄlä soita <ovikelloa>.", "sv": "Nyckeln.", "en": "Key is near."},
    systems=(
        System(
            id="panel",
            kind="intrusion",
            accounts=(Account(number="1001"), Account(number="1002", key=_KEY, previous_key=_KEY)),
            areas=(Area(number="1", name="Myymälä"),),
            zones=(
                Zone(number="3", name=f"Ovi {NASTY}", area="1", kind="door"),
                Zone(number="4", name="Liike", area="1", kind="pir", technology="pir"),
            ),
        ),
        System(id="fire", kind="fire", accounts=(Account(number="1003"),), zones=(Zone(number="3", name="Savu"),)),
    ),
    contacts=(ANNA,),
    call_lists={"keyholders": ("anna",)},
    guards=("g1", "g2"),
)
OTHER_SITE = Site(
    id="K-2", name="Varasto", systems=(System(id="panel", kind="technical", accounts=(Account(number="2001"),)),)
)
CENTRE = Centre(
    name="Keskus",
    language="en",
    guards=(
        Guard(
            id="g1",
            name="Yksikkö 12",
            company="Esimerkki-Vartiointi",
            language="fi",
            webhook_url=f"https://user:{SECRETS[4]}@guards.example.invalid/hook?token={SECRETS[5]}",
            phone="+358 40 555 0190",
        ),
        Guard(id="g2", name="Enhet 7", language="sv", email="g2@example.invalid"),
    ),
    contacts=(Contact(id="boss", name="Päivystäjä", phones=("+358 40 555 0001",), email="boss@example.invalid"),),
    call_lists={"on_duty": ("boss",)},
)


@lru_cache
def shipped_rules() -> RuleSet:
    """Compiled once: anew for every test it would be most of the tests' time."""
    return compiled(shipped.sources())


class FakeDesk(Desk):
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self._station = Station()
        self._station._rules = shipped_rules()
        self._store = MemoryStore(urandom=bytes)
        self._links = LinkSigner(b"k" * 32, BASE_URL)
        self._seq = 0
        self.audit_key = SigningKey("arc.example/test", bytes(32))
        self.metrics = Metrics(version="test")
        self._audit = Auditor(
            store=self._store,
            state=self._station.state,
            clock=self.clock,
            ask=self.ask,
            asked=self._asked,
            post=self._post,
            checkpoints=Checkpoints(store=self._store, clock=self.clock, metrics=self.metrics, key=self.audit_key),
            days=DAYS_DEFAULT,
        )
        self.posted: list[AnyFact] = []
        self._grown = asyncio.Event()
        self.asked: list[AnyFact] = []
        self.is_busy = False
        self.is_stuck = False  # the store takes nothing, for now
        self.following = 0
        self.left = asyncio.Event()  # a follower has gone
        self.import_report = ImportReport(applied=True, added=("K-9",), unchanged=3)
        self.imports: list[tuple[str, Mapping[str, str] | None, Actor, bool, bool]] = []

    async def begin(self) -> FakeDesk:
        await self._store.open()
        actor = Actor(id="os:test")
        await self.take(CentreImported(at=self.now(), centre=CENTRE, actor=actor))
        for site in (SITE, OTHER_SITE):
            await self.take(SiteImported(at=self.now(), site=site, actor=actor))
        return self

    def _post(self, fact: AnyFact) -> None:
        """Remembered; `take` it to have it in the journal."""
        self.posted.append(fact)

    def _asked(self, fact: AnyFact) -> asyncio.Future[Answer]:
        self.posted.append(fact)
        asked: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if not self.is_stuck:
            asked.set_result(Answer(granted=True))
        return asked

    @property
    def audit(self) -> Auditor:
        return self._audit

    async def take(self, fact: AnyFact) -> Stepped:
        """Step and commit, as the runtime does."""
        self._seq += 1
        stepped = self._station.step(fact, self._seq)
        record = Record(
            seq=self._seq,
            at=fact.at,
            kind=str(fact.__struct_config__.tag),
            subject=stepped.subject,
            payload=msgspec.json.encode(stepped.record),
            refs=stepped.refs,
        )
        rows = [
            CaseRow(
                case_id=case.id,
                case_type=case.type,
                site_id=case.site_id,
                state=case.state,
                priority=case.priority.value,
                is_open=case.is_open,
                opened_at=case.opened_at,
                closed_at=case.closed_at,
                body=msgspec.json.encode(case),
            )
            for case in stepped.cases
        ]
        erasures = [effect for effect in stepped.effects if isinstance(effect, ErasePayloads)]
        prunings = [effect for effect in stepped.effects if isinstance(effect, PruneEntries)]
        await self._store.commit(
            Batch(
                records=[record],
                cases=rows,
                checkpoint=Checkpoint(seq=self._seq, rows=[]) if erasures or prunings else None,
                erased=[seq for effect in erasures for seq in effect.seqs],
                cases_gone=[case_id for effect in erasures for case_id in effect.cases],
                pruned=next(
                    (
                        Sealed(
                            through=effect.through,
                            hash=bytes.fromhex(effect.hash),
                            peaks=tuple(map(bytes.fromhex, effect.peaks)),
                        )
                        for effect in prunings
                    ),
                    None,
                ),
            )
        )
        self._grown.set()
        self._grown = asyncio.Event()
        return stepped

    async def alarm(
        self, code: str = "BA", *, account: str = "1001", zone: str | None = "3", sequence: str = "1"
    ) -> str:
        """A panel reports; the id of the case the signal went to."""
        meaning = STANDARD.sia[code]
        signal = Signal(
            scheme=Scheme.SIA,
            code=code,
            category=meaning.category,
            qualifier=meaning.qualifier or Qualifier.NEW,
            family=meaning.family,
            area="1",
            zone=zone,
            text=NASTY,
        )
        received = Received(
            protocol="dc09",
            kind=Kind.SIGNALS,
            token="SIA-DCS",
            origin=Origin(account=account),
            session_account=account,
            signals=(signal,),
            raw=b"raw",
            fingerprint=f"{account}/{code}/{zone}/{sequence}",
        )
        stepped = await self.take(
            FrameReceived(at=self.now(), trace="t", gateway="dc09-tcp", peer="192.0.2.7:4123", received=received)
        )
        return stepped.record.judgements[0].case_id

    # ------------------------------------------------------------------------------------------------------- the seam

    @property
    def state(self) -> State:
        return self._station.state

    @property
    def rules(self) -> RuleSet:
        return self._station.rules

    @property
    def store(self) -> MemoryStore:
        return self._store

    @property
    def links(self) -> LinkSigner:
        return self._links

    outputs: tuple[Health, ...] = ()

    def heard_at(self, path_key: str) -> int:
        return self._station.watch.heard_at(path_key)

    def now(self) -> int:
        return self.clock.now()

    def status(self) -> Status:
        return Status(
            version="0.1.0",
            started_at=self.now() - 5_500_000_000,
            now=self.now(),
            journal_seq=self._seq,
            rules_digest=self.rules.digest,
            sites=len(self.state.sites),
            accounts=4,
            cases_open={"P2": 1},
            flags=len(self.state.flags),
            outbox={"webhook": 2},
            queue_depth=0,
            listeners=(Listener(name="dc09-tcp", address="127.0.0.1:9999/tcp"),),
            checks=(
                Check(name="store", ok=True, detail="commits in 3 ms"),
                Check(name="mail", ok=False, detail="refused"),
            ),
            lines=(
                LineHealth(
                    name="surgard-1",
                    dialect="surgard",
                    where="/dev/ttyS0 9600 8N2",
                    state="absent",
                    since=1_767_225_595 * 10**9,
                    last_heard=1_767_225_590 * 10**9,
                ),
                LineHealth(
                    name="system5", dialect="surgard", where="192.0.2.7:1025", state="well", since=0, last_heard=0
                ),
            ),
            outputs=self.outputs,
        )

    async def ask(self, fact: AnyFact) -> Answer:
        if self.is_busy:
            raise Busy
        self.asked.append(fact)
        stepped = await self.take(fact)
        return next(effect for effect in stepped.effects if isinstance(effect, Answer))

    async def import_sites(
        self, files: Mapping[str, str], actor: Actor, *, dry_run: bool, remove_missing: bool
    ) -> ImportReport:
        self.imports.append(("sites", files, actor, dry_run, remove_missing))
        return self.import_report

    async def change_key(self, site_id: str, account: str, key: WireKey | None, actor: Actor) -> Answer:
        sealed = None if key is None else _KEY
        return await self.ask(
            KeyChangeRequested(at=self.now(), site_id=site_id, account=account, actor=actor, key=sealed)
        )

    async def load_rules(self, overlays: Mapping[str, str] | None, actor: Actor, *, dry_run: bool) -> ImportReport:
        self.imports.append(("rules", overlays, actor, dry_run, False))
        return self.import_report

    async def roll_back_rules(self, digest: str | None, actor: Actor, *, dry_run: bool) -> ImportReport:
        self.imports.append(("rollback", {"digest": digest or ""}, actor, dry_run, False))
        return self.import_report

    async def follow(self, after: int) -> AsyncIterator[Entry]:
        self.following += 1
        try:
            while True:
                grown = self._grown
                async for entry in self._store.entries(after=after):
                    after = entry.seq
                    yield entry
                await grown.wait()
        finally:
            self.following -= 1
            self.left.set()


def client_of(app: Any, *, host: str = f"uid:{UID}") -> httpx.AsyncClient:
    """Talks to an application as the peer `host`; what escapes its handlers is an answer, as it is on a socket."""
    transport = httpx.ASGITransport(app=app, client=(host, 0), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://arcd")
