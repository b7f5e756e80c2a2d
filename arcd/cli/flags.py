"""arcctl test and arcctl maintenance: put a site on test or out of service, with an end and a person behind it.

One rule: the same verbs for both; how long each may be and who may ask is decided in the daemon.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from arcd.cli import identity
from arcd.cli.completion import flag_ids, site_ids
from arcd.cli.failures import UsageError
from arcd.cli.flag_text import render_flag, render_flags, render_started
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import render_granted
from arcd.cli.times import parse_duration

TEST = "on_test"

Names = list[str] | None
EMERGENCIES = "fire, holdup, duress, medical, supervision"

FlagId = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.", autocompletion=flag_ids)]
SiteId = Annotated[str, typer.Argument(metavar="SITE", help="Site id, like K-1.", autocompletion=site_ids)]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]
Length = Annotated[str | None, typer.Option("--for", metavar="DURATION", help="90s, 45min, 2h, 1d12h. A test: 2h.")]
Until = Annotated[str | None, typer.Option(metavar="INSTANT", help="End, in the site's time: 2026-12-01T16:00.")]
Begin = Annotated[str | None, typer.Option("--from", metavar="INSTANT", help="Start later than now.")]
OnlySystems = Annotated[Names, typer.Option("--system", metavar="ID", help="Only this system; repeatable.")]
OnlyAreas = Annotated[Names, typer.Option("--area", metavar="NUMBER", help="Only this area; repeatable.")]
OnlyZones = Annotated[Names, typer.Option("--zone", metavar="NUMBER", help="Only this zone; repeatable.")]
OnlyCategories = Annotated[
    Names, typer.Option("--category", metavar="WORD", help=f"Only this; {EMERGENCIES} must be named. Repeatable.")
]
By = Annotated[str, typer.Option(metavar="CONTACT", help="Contact id on whose word it is placed.")]
Check = Annotated[str, typer.Option("--identity", metavar="ID", help="The contact's check, as `verify` gave it.")]
AskWord = Annotated[bool, typer.Option("--ask-word", help="Ask for the contact's word first.")]
Verified = Annotated[str, typer.Option(metavar="HOW", help="operator or work_order, instead of a check.")]
WorkOrder = Annotated[str, typer.Option(metavar="NUMBER", help="The technician's work order.")]
OverrideReason = Annotated[str, typer.Option(metavar="TEXT", help="Why outside the hours of R-63.")]
Owner = Annotated[str, typer.Option(metavar="CONTACT", help="Who answers for it and is reminded.")]
Informed = Annotated[Names, typer.Option(metavar="WHO", help="Who was told beforehand; repeatable.")]
EveryUnit = Annotated[str | None, typer.Option("--every", metavar="week|month", help="It comes again.")]
Day = Annotated[int | None, typer.Option(metavar="N", help="Of the week, Monday 1; or of the month.")]
At = Annotated[str | None, typer.Option(metavar="HH:MM", help="On the site's clock.")]
Last = Annotated[str | None, typer.Option(metavar="INSTANT", help="End of the series [a year from now].")]
Told = Annotated[str, typer.Option("--to", metavar="WHO", help="Who took the call.")]
Reference = Annotated[str, typer.Option(metavar="TEXT", help="What they gave as reference.")]
ToldAt = Annotated[str | None, typer.Option("--at", metavar="INSTANT", help="When, in the site's time [just now].")]


def flag_verbs(kind: str, *, word: str, help_text: str, length: str) -> typer.Typer:
    """The verbs for one kind of flag."""
    app = group(help_text)
    category = "fire" if kind == TEST else "supervision"
    starts = (
        f'arcctl {word} start K-1 --for {length} --reason "Yearly test" --by c1 --ask-word',
        f'arcctl {word} start K-1 --until 2026-12-01T16:00 --zone 3 --zone 4 --reason "Glazing" --verified operator',
        f'arcctl {word} start K-1 --for {length} --category {category} --reason "Renovation" --by c1 --identity I27',
        f'arcctl {word} start K-1 --for 2h --every month --day 5 --at 10:00 --reason "Monthly" --verified operator',
    )
    told = (
        (f'arcctl {word} notice F34 --to "Test line" --reference HK-118',)
        if kind == TEST
        else (f'arcctl {word} notice F34 start --to "ERC Kuopio"', f'arcctl {word} notice F34 end --to "ERC Kuopio"')
    )
    verb(app, "start", examples=starts)(_starting(kind))
    verb(
        app,
        "stop",
        examples=(
            f'arcctl {word} stop F34 --reason "Finished early"',
            f'arcctl {word} stop F34 --series --reason "Contract ended"',
        ),
    )(stop)
    verb(app, "list", examples=(f"arcctl {word} list", f"arcctl {word} list --site K-1 --json"))(_listing(kind))
    verb(app, "show", examples=(f"arcctl {word} show F34",))(show)
    verb(app, "promote", examples=(f'arcctl {word} promote F34 5120 --reason "It really burns"',))(promote)
    verb(app, "notice", examples=told)(_noticing(kind))
    verb(app, "verify", examples=(f"arcctl {word} verify K-1 c1", f"arcctl {word} verify K-1 c1 --call-back"))(
        identity.verify
    )
    return app


def _starting(kind: str) -> Callable[..., None]:
    def start(
        call: Invocation,
        site: SiteId,
        reason: Why,
        length: Length = None,
        until: Until = None,
        begin: Begin = None,
        system: OnlySystems = None,
        area: OnlyAreas = None,
        zone: OnlyZones = None,
        category: OnlyCategories = None,
        by: By = "",
        identity_check: Check = "",
        ask_word: AskWord = False,
        verified: Verified = "",
        work_order: WorkOrder = "",
        override_reason: OverrideReason = "",
        owner: Owner = "",
        informed: Informed = None,
        every: EveryUnit = None,
        day: Day = None,
        at: At = None,
        last: Last = None,
    ) -> None:
        """Start it for a whole site or a part. Signals are still received, acknowledged and kept."""
        if (length is not None and until is not None) or (length is None and until is None and kind != TEST):
            raise UsageError("say when it ends: either --for or --until")
        scope = {"systems": system, "areas": area, "zones": zone, "categories": category}
        given = {"until": until, "starts_at": begin, "series_until": last, "recurrence": _recurrence(every, day, at)}
        body: dict[str, object] = {
            "kind": kind,
            "site_id": site,
            "reason": reason,
            "requested_by": by,
            "identity_check": _checked(call, site, by) if ask_word else identity_check,
            "verified_how": verified or ("work_order" if work_order else ""),
            "work_order": work_order,
            "override_reason": override_reason,
            "owner": owner,
            "informed": informed or [],
            "scope": {name: names for name, names in scope.items() if names},
            **{name: value for name, value in given.items() if value is not None},
        }
        if length is not None:
            body["duration_s"] = parse_duration(length)
        answer = call.daemon.post("/v1/flags", body)
        flags = call.daemon.get("/v1/flags", kind=kind, site=site)["flags"]
        placed = next((flag for flag in flags if flag["id"] == answer["subject"]), None)
        call.out.show({**answer, "flag": placed}, render_started)

    return start


def _checked(call: Invocation, site: str, contact: str) -> str:
    if not contact:
        raise UsageError("whose word? Name the contact with --by")
    return str(identity.checked(call, site, contact, word=True)["subject"])


def _recurrence(every: str | None, day: int | None, at: str | None) -> dict[str, object] | None:
    if every is None and day is None and at is None:
        return None
    if every not in ("week", "month") or day is None or at is None:
        raise UsageError("what comes again needs all of --every week|month, --day N and --at HH:MM")
    return {"every": every, "day": day, "at": at}


def stop(
    call: Invocation,
    flag_id: FlagId,
    reason: Why,
    series: Annotated[bool, typer.Option("--series", help="And do not let it come again.")] = False,
) -> None:
    """End it now: what comes from here on is live."""
    body = {"reason": reason, "whole_series": series}
    call.out.show(call.daemon.post(f"/v1/flags/{_safe(flag_id)}/end", body), render_granted)


def _listing(kind: str) -> Callable[..., None]:
    def show_all(
        call: Invocation,
        site: Annotated[
            str | None, typer.Option(metavar="ID", help="Of this site only.", autocompletion=site_ids)
        ] = None,
    ) -> None:
        """List what is in force or still to come, the earliest end first."""
        call.out.show(call.daemon.get("/v1/flags", kind=kind, site=site), render_flags)

    return show_all


def show(call: Invocation, flag_id: FlagId) -> None:
    """Show what it has held and heard so far; for a week after its end, what it came to."""
    call.out.show(call.daemon.get(f"/v1/flags/{_safe(flag_id)}"), render_flag)


def promote(
    call: Invocation,
    flag_id: FlagId,
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=1, help="The signal, as `show` lists it.")],
    reason: Why,
    index: Annotated[int, typer.Option(metavar="N", min=0, help="Of several in one frame: what follows the #.")] = 0,
) -> None:
    """Make a held signal live: it is handled as if it came now and nothing held it."""
    body = {"reason": reason, "index": index}
    call.out.show(call.daemon.post(f"/v1/flags/{_safe(flag_id)}/signals/{seq}/promote", body), render_granted)


def _noticing(kind: str) -> Callable[..., None]:
    def record(call: Invocation, flag_id: str, which: str, to: str, reference: str, told_at: str | None) -> None:
        body: dict[str, object] = {"kind": which, "to": to, "reference": reference}
        if told_at is not None:
            body["told_at"] = told_at
        call.out.show(call.daemon.post(f"/v1/flags/{_safe(flag_id)}/notices", body), render_granted)

    def test_call(
        call: Invocation, flag_id: FlagId, to: Told, reference: Reference = "", told_at: ToldAt = None
    ) -> None:
        """Record that the tester called the emergency response centre (R-66), before the first test alarm."""
        record(call, flag_id, "announced", to, reference, told_at)

    def outage(
        call: Invocation,
        flag_id: FlagId,
        which: Annotated[str, typer.Argument(metavar="start|end")],
        to: Told,
        reference: Reference = "",
        told_at: ToldAt = None,
    ) -> None:
        """Record that the emergency response centre knows a device is disconnected, or back (R-67)."""
        if which not in ("start", "end"):
            raise UsageError(f"{which!r} is no notice; write start or end")
        record(call, flag_id, which, to, reference, told_at)

    return test_call if kind == TEST else outage


def _safe(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="")


test_app = flag_verbs(
    TEST, word="test", length="2h", help_text="On test (koestus): signals of a site or a part are only logged."
)
maintenance_app = flag_verbs(
    "maintenance", word="maintenance", length="5d", help_text="Out of service (huolto): planned, longer, with an end."
)
