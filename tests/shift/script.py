"""What happens in a shift, as sentences with a time: `02:14:05 panel 1002 sends Nri1/BA03`.

Cases are named by their site and a word: `K-1002/intrusion` is the newest case there whose category, plan, type or
first code is that word. What somebody writes stands behind a dash; `(refused RULE)` ends a sentence to which the
machine must say no.

One rule: a sentence says who and what, never what the machine makes of it. That is the golden list's business.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from arcd.core.case.dispatch import REPORT_FIELDS
from arcd.core.case.model import Case
from arcd.core.facts import (
    SUPERVISOR,
    Actor,
    AnyFact,
    AuthorityAction,
    AuthorityCalled,
    AuthorityRequested,
    CallAnswer,
    CaseMoveRequested,
    CaseNoted,
    CaseOpenRequested,
    CaseStepRequested,
    ClaimRenewRequested,
    FlagEndRequested,
    FlagKind,
    FlagStartRequested,
    GuardAnswer,
    GuardAnswered,
    IdentityChecked,
    IdentityOutcome,
    ScheduleChangeRequested,
    Scope,
    SignalPromoted,
)
from arcd.core.site import Hours
from arcd.credentials import verify_word
from protocols.dc09.timestamp import format_timestamp
from protocols.signals import Category
from rules.yaml_source import read
from tests.shift.centre import Centre

NS = 1_000_000_000
_REFUSED = re.compile(r" \(refused (\S+)\)$")
NUMBER = "+358 40 555 0180"

D = TypeVar("D", bound=Callable[..., Awaitable[None]])
SENTENCES: list[tuple[re.Pattern[str], str]] = []


class Happening(Struct, frozen=True, order=True):
    at: int
    text: str


def sentence(pattern: str) -> Callable[[D], D]:
    """The method that does what sentences of this shape say."""

    def note(method: D) -> D:
        SENTENCES.append((re.compile(pattern), method.__name__))
        return method

    return note


def read_shift(path: Path) -> tuple[datetime, datetime, list[Happening]]:
    """Beginning, end, and everything that happens between them in its order."""
    document = read(path.read_text("utf-8"), path.name)
    assert not document.problems, document.problems
    assert document.root is not None
    shift: Any = document.root.plain()
    begins = datetime.fromisoformat(shift["begins"]).replace(tzinfo=ZoneInfo("Europe/Helsinki"))
    happenings = [
        happening for story in shift["stories"] for text in story["happens"] for happening in _happenings(begins, text)
    ]
    ends = begins + timedelta(hours=shift["hours"])
    last = round(ends.timestamp()) * NS
    assert all(happening.at < last for happening in happenings), "something happens after the shift"
    # Stable: what happens at one instant stays in the order it is written.
    return begins, ends, sorted(happenings, key=lambda each: each.at)


def _happenings(begins: datetime, text: str) -> Iterator[Happening]:
    """One sentence, or as many as `every 30s, 300 times` says."""
    clock, _, rest = text.partition(" ")
    at = _instant(begins, clock)
    repeated = re.fullmatch(r"(.*), every (\S+), (\d+) times", rest)
    if repeated is None:
        yield Happening(at, rest)
        return
    for number in range(int(repeated[3])):
        yield Happening(at + number * seconds_of(repeated[2]) * NS, repeated[1])


def _instant(begins: datetime, clock: str) -> int:
    """A time of the clock is the first one after the beginning."""
    hour, minute, second = (*map(int, clock.split(":")), 0, 0)[:3]
    at = begins.replace(hour=hour, minute=minute, second=second)
    if at < begins:
        at += timedelta(days=1)
    return round(at.timestamp()) * NS


def seconds_of(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


class Script:
    def __init__(self, centre: Centre, begins: datetime) -> None:
        self.centre = centre
        self.begins = begins
        self._refused = ""
        self.signals = 0

    @property
    def now(self) -> int:
        return self.centre.clock.now()

    async def perform(self, happening: Happening) -> None:
        """Do it now. A sentence that no shape fits, and one that goes otherwise than it says, stop the shift."""
        text, self._refused = happening.text, ""
        if (ending := _REFUSED.search(text)) is not None:
            text, self._refused = text[: ending.start()], ending[1]
        for pattern, method in SENTENCES:
            found = pattern.fullmatch(text)
            if found is not None:
                try:
                    await getattr(self, method)(**found.groupdict())
                except AssertionError as error:
                    clock = datetime.fromtimestamp(happening.at // NS, self.begins.tzinfo)
                    raise AssertionError(f"{clock:%H:%M:%S} {text}: {error}") from error
                return
        raise AssertionError(f"nobody understands: {text}")

    async def ask(self, fact: AnyFact) -> None:
        """Granted, unless the sentence says which rule refuses it."""
        answer = await self.centre.ask(fact)
        assert answer.rule == self._refused, f"{answer.rule}: {answer.message}"

    def case(self, name: str) -> Case:
        site_id, _, word = name.partition("/")
        found = [
            case
            for case in self.centre.runtime.station.state.cases.values()
            if case.site_id == ("" if site_id == "centre" else site_id) and word in _words(case)
        ]
        assert found, f"there is no case {name}"
        return max(found, key=lambda case: (case.is_open, case.opened_at))

    # ------------------------------------------------------------------------------------------------------ the wire

    @sentence(r"panel (?P<number>\w+) sends (?P<data>.+?)(?:, (?P<age>\w+) old)?")
    async def panel_sends(self, number: str, data: str, age: str | None) -> None:
        extended = []
        if age:
            extended.append("H" + format_timestamp(self.now - seconds_of(age) * NS).decode())
        panel = self.centre.panel(number)
        self.signals += data.count("/") if data.startswith("N") else 1
        await self.centre.feed(panel, panel.write(data, self.now, extended))

    @sentence(r"panel (?P<number>\w+) says it again")
    async def panel_repeats(self, number: str) -> None:
        panel = self.centre.panel(number)
        self.signals += 1
        await self.centre.feed(panel, panel.last)

    @sentence(r"panel (?P<number>\w+) polls")
    async def panel_polls(self, number: str) -> None:
        panel = self.centre.panel(number)
        await self.centre.feed(panel, panel.poll(self.now))

    @sentence(r"(?P<peer>[\d.]+) sends (?P<data>.+)")
    async def noise(self, peer: str, data: str) -> None:
        await self.centre.noise(f"{peer}:50000", data.encode() + b"\r\n\r\n")

    # ------------------------------------------------------------------------------------------------------- operators

    @sentence(r"(?P<who>\w+) (?P<move>takes over|takes|starts|returns|resumes|completes) (?P<case>\S+)")
    async def moves(self, who: str, move: str, case: str) -> None:
        standing = self.case(case)
        moves = {"takes over": "take_over", "returns": "return_to_queue", "resumes": "resume", "completes": "complete"}
        name = moves.get(move)
        if name is None:
            case_type = self.centre.runtime.station.rules.case_types[standing.type]
            name = next(
                each.name for each in case_type.moves if case_type.initial in each.sources and not each.by_daemon
            )
        await self.ask(CaseMoveRequested(at=self.now, case_id=standing.id, move=name, actor=_actor(who)))

    @sentence(r"(?P<who>\w+) keeps (?P<case>\S+) for (?P<long>\w+)")
    async def keeps(self, who: str, case: str, long: str) -> None:
        await self.ask(
            ClaimRenewRequested(
                at=self.now, case_id=self.case(case).id, actor=_actor(who), hold_s=float(seconds_of(long))
            )
        )

    @sentence(r"(?P<who>\w+) parks (?P<case>\S+) until (?P<clock>[\d:]+) – (?P<reason>.+)")
    async def parks(self, who: str, case: str, clock: str, reason: str) -> None:
        form = {"reason": reason, "return_at": str(_instant(self.begins, clock))}
        await self.ask(
            CaseMoveRequested(at=self.now, case_id=self.case(case).id, move="park", actor=_actor(who), form=form)
        )

    @sentence(r"(?P<who>\w+) (?P<move>closes|accepts) (?P<case>\S+) as (?P<how>\w+) – (?P<note>.+?)")
    async def closes(self, who: str, move: str, case: str, how: str, note: str) -> None:
        form = {"disposition": how, "note": note}
        name = {"closes": "close", "accepts": "accept"}[move]
        await self.ask(
            CaseMoveRequested(at=self.now, case_id=self.case(case).id, move=name, actor=_actor(who), form=form)
        )

    @sentence(r"(?P<who>\w+) answers (?P<step>\S+) of (?P<case>\S+) with (?P<outcome>\S+)")
    async def answers_step(self, who: str, step: str, case: str, outcome: str) -> None:
        await self._step(who, step, case, "done", outcome=outcome)

    @sentence(r"(?P<who>\w+) does (?P<step>\S+) of (?P<case>\S+)")
    async def does_step(self, who: str, step: str, case: str) -> None:
        await self._step(who, step, case, "done")

    @sentence(r"(?P<who>\w+) sends a guard by (?P<step>\S+) of (?P<case>\S+)")
    async def starts_step(self, who: str, step: str, case: str) -> None:
        await self._step(who, step, case, "start", seen_version=self.case(case).version)

    @sentence(r"(?P<who>\w+) skips (?P<step>\S+) of (?P<case>\S+) – (?P<note>.+)")
    async def skips_step(self, who: str, step: str, case: str, note: str) -> None:
        await self._step(who, step, case, "skip", note=note)

    @sentence(r"(?P<who>\w+) calls (?P<contact>\S+) by (?P<step>\S+) of (?P<case>\S+), (?P<outcome>\w+)")
    async def calls(self, who: str, contact: str, step: str, case: str, outcome: str) -> None:
        await self._step(who, step, case, "done", outcome=outcome, contact_id=contact)

    async def _step(self, who: str, step: str, case: str, action: str, **fields: Any) -> None:
        await self.ask(
            CaseStepRequested(
                at=self.now, case_id=self.case(case).id, step_id=step, action=action, actor=_actor(who), **fields
            )
        )

    @sentence(r"(?P<who>\w+) notes in (?P<case>\S+) – (?P<text>.+)")
    async def notes(self, who: str, case: str, text: str) -> None:
        await self.ask(CaseNoted(at=self.now, case_id=self.case(case).id, text=text, actor=_actor(who)))

    @sentence(r"(?P<who>\w+) opens a (?P<kind>\w+) at (?P<site>\S+), (?P<priority>P\d) – (?P<title>.+)")
    async def opens(self, who: str, kind: str, site: str, priority: str, title: str) -> None:
        await self.ask(
            CaseOpenRequested(
                at=self.now, case_type=kind, site_id=site, title=title, priority=priority, actor=_actor(who)
            )
        )

    # ------------------------------------------------------------------------------------------------------ authorities

    @sentence(r"(?P<who>\w+) has the authority told (?P<what>of|that it is over at) (?P<case>\S+) – (?P<text>.+)")
    async def has_told(self, who: str, what: str, case: str, text: str) -> None:
        standing = self.case(case)
        action = AuthorityAction.NOTIFY if what == "of" else AuthorityAction.CANCEL
        await self.ask(
            AuthorityRequested(
                at=self.now, case_id=standing.id, action=action, actor=_actor(who), text=text, reason=text,
                seen_version=standing.version,
            )
        )  # fmt: skip

    @sentence(r"(?P<who>\w+) sets (?P<case>\S+) to level (?P<level>\d) – (?P<reason>.+)")
    async def sets_level(self, who: str, case: str, level: str, reason: str) -> None:
        await self.ask(
            AuthorityRequested(
                at=self.now, case_id=self.case(case).id, action=AuthorityAction.LEVEL, actor=_actor(who),
                reason=reason, level=int(level),
            )
        )  # fmt: skip

    @sentence(r"(?P<who>\w+) phones (?P<authority>\S+) about (?P<case>\S+), (?P<answer>\w+) (?P<reference>\S+)")
    async def phones(self, who: str, authority: str, case: str, answer: str, reference: str) -> None:
        await self.ask(
            AuthorityCalled(
                at=self.now, case_id=self.case(case).id, authority=authority, number=NUMBER, called_at=self.now - NS,
                answer=CallAnswer(answer), actor=_actor(who), person="päivystäjä", reference=reference,
            )
        )  # fmt: skip

    # ------------------------------------------------------------------------------------ words, tests and other hours

    @sentence(r"(?P<who>\w+) hears (?P<contact>\S+) of (?P<site>\S+) say (?P<word>.+?)")
    async def hears(self, who: str, contact: str, site: str, word: str) -> None:
        person = self.centre.site(site).contact(contact)
        assert person is not None, contact
        outcome = IdentityOutcome.FAILED
        if person.code_word_hash is not None and verify_word(person.code_word_hash, word):
            outcome = IdentityOutcome.PASSED
        elif person.duress_word_hash is not None and verify_word(person.duress_word_hash, word):
            outcome = IdentityOutcome.DURESS
        await self.ask(
            IdentityChecked(at=self.now, site_id=site, contact_id=contact, outcome=outcome, level=1, actor=_actor(who)),
        )

    def _last_check(self, site: str, contact: str) -> str:
        checks = self.centre.runtime.station.state.contact_checks.get(f"{site}/{contact}")
        return checks.checks[-1].id if checks is not None and checks.checks else ""

    @sentence(
        r"(?P<who>\w+) puts (?P<site>[^\s/]+)(?:/(?P<system>\w+))? (?P<kind>on test|in maintenance)"
        r" for (?P<contact>\S+) until (?P<clock>[\d:]+)(?:, zones (?P<zones>[\w ]+))?(?:, with (?P<named>[\w ]+))?"
        r" – (?P<reason>.+)"
    )
    async def puts(
        self, who: str, site: str, system: str | None, kind: str, contact: str, clock: str, zones: str | None,
        named: str | None, reason: str,
    ) -> None:  # fmt: skip
        scope = Scope(
            systems=(system,) if system else (),
            zones=tuple((zones or "").split()),
            categories=tuple(Category(word) for word in (named or "").split()),
        )
        await self.ask(
            FlagStartRequested(
                at=self.now, kind=FlagKind.ON_TEST if kind == "on test" else FlagKind.MAINTENANCE, site_id=site,
                scope=scope, until=_instant(self.begins, clock), reason=reason, actor=_actor(who),
                requested_by=contact, identity_check=self._last_check(site, contact),
            ),
        )  # fmt: skip

    def _flag(self, site: str) -> str:
        return (self.centre.runtime.station.state.flags_by_site.get(site) or ("",))[-1]

    @sentence(r"(?P<who>\w+) ends the test of (?P<site>\S+) – (?P<reason>.+)")
    async def ends_test(self, who: str, site: str, reason: str) -> None:
        await self.ask(FlagEndRequested(at=self.now, flag_id=self._flag(site), reason=reason, actor=_actor(who)))

    @sentence(r"(?P<who>\w+) makes the last (?P<code>\w+) of (?P<site>\S+) live – (?P<reason>.+)")
    async def promotes(self, who: str, code: str, site: str, reason: str) -> None:
        flag = self.centre.runtime.station.state.flags[self._flag(site)]
        held = next(each for each in reversed(flag.signals()) if each.signal.code == code)
        await self.ask(
            SignalPromoted(
                at=self.now, site_id=site, signal_seq=held.seq, index=held.index, reason=reason, actor=_actor(who)
            )
        )

    @sentence(
        r"(?P<who>\w+) lets (?P<system>\w+)/(?P<area>\w+) of (?P<site>\S+) be open (?P<opens>[\d:]+)-(?P<closes>[\d:]+)"
        r" on (?P<day>[\d-]+) for (?P<contact>\S+) – (?P<reason>.+)"
    )
    async def other_hours(
        self, who: str, system: str, area: str, site: str, opens: str, closes: str, day: str, contact: str, reason: str
    ) -> None:
        await self.ask(
            ScheduleChangeRequested(
                at=self.now, site_id=site, system_id=system, area=area, actor=_actor(who), from_day=day, until_day=day,
                hours=Hours(opens=_minute(opens), closes=_minute(closes)), reason=reason, requested_by=contact,
                identity_check=self._last_check(site, contact),
            )
        )  # fmt: skip

    # ---------------------------------------------------------------------------------------------------------- guards

    @sentence(
        r"guard (?P<guard>\S+) (?P<what>accepts|declines|sets out for|arrives at|inspects|checks in at|secures"
        r"|asks for the police at|wants a repair at) (?P<case>\S+)(?:, (?P<eta>\d+) min)?"
    )
    async def guard_answers(self, guard: str, what: str, case: str, eta: str | None) -> None:
        await self._guard(guard, _GUARD_SAYS[what], case, eta_s=float(eta) * 60 if eta else None)

    @sentence(r"guard (?P<guard>\S+) reports on (?P<case>\S+) – (?P<findings>.+)")
    async def guard_reports(self, guard: str, case: str, findings: str) -> None:
        report = {**dict.fromkeys(REPORT_FIELDS, "sovitusti"), "findings": findings}
        await self._guard(guard, GuardAnswer.REPORT, case, report=report)

    async def _guard(self, guard: str, answer: GuardAnswer, case: str, **fields: Any) -> None:
        offer_id = self.centre.offer_to(guard, self.case(case).id)
        await self.ask(
            GuardAnswered(at=self.now, offer_id=offer_id, answer=answer, actor=Actor(id=f"guard:{guard}"), **fields),
        )


_GUARD_SAYS = {
    "accepts": GuardAnswer.ACCEPT,
    "declines": GuardAnswer.DECLINE,
    "sets out for": GuardAnswer.EN_ROUTE,
    "arrives at": GuardAnswer.ON_SITE,
    "inspects": GuardAnswer.INSPECTING,
    "checks in at": GuardAnswer.CHECK_IN,
    "secures": GuardAnswer.SECURED,
    "asks for the police at": GuardAnswer.NEEDS_AUTHORITY,
    "wants a repair at": GuardAnswer.NEEDS_REPAIR,
}


def _actor(name: str) -> Actor:
    """Saara leads the shift; everybody else is an operator."""
    return Actor(id=f"os:{name}", roles=(SUPERVISOR,) if name == "saara" else ())


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _words(case: Case) -> set[str]:
    words = {case.type, *((case.category.value,) if case.category else ()), *((case.plan.name,) if case.plan else ())}
    return words | ({case.signals[0].signal.code} if case.signals else set())
