"""What must hold of a journal, whatever happened while it was written. Each check gives sentences; none means well.

One rule: it looks only at what an outsider can have: the journal file, what panels were told, what guards received.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from arcd.core.case.model import Case, DispatchStatus, OfferStatus
from arcd.core.facts import FrameReceived, GuardAnswer
from arcd.core.record import Judged, StepRecord
from tests.guards import Offer
from tests.panels import Message
from tests.process import Installation

Records = list[tuple[int, StepRecord]]


def faults_of(
    installation: Installation, acknowledged: Iterable[Message], offers: Iterable[Offer], alarm_code: str
) -> list[str]:
    """The whole list of invariants; the daemon must have been stopped."""
    verdict, records = installation.verify(), installation.records()
    cases = alarm_cases(installation)
    sent = list(acknowledged)
    alarms = {message.account for message in sent if message.code == alarm_code}
    return [
        *(f"the chain: entry {finding.seq} {finding.what}" for finding in verdict.findings),
        *messages_faults(records, sent),
        *cases_faults(cases, alarms),
        *offers_faults(records, cases, list(offers)),
    ]


def messages_faults(records: Records, acknowledged: list[Message]) -> list[str]:
    """Every acknowledged message once, and nothing twice, acknowledged or not."""
    counted: Counter[tuple[str, int, str]] = Counter()
    for _, record in records:
        if isinstance(record.fact, FrameReceived):
            received = record.fact.received
            for signal, judgement in zip(received.signals, record.judgements, strict=True):
                if judgement.judged is not Judged.DUPLICATE:
                    counted[received.origin.account, int(received.sequence or 0), signal.code] += 1
    keys = [(message.account, message.sequence, message.code) for message in acknowledged]
    return [
        *(f"acknowledged and not in the journal: {key}" for key in keys if not counted[key]),
        *(f"{times} times in the journal: {key}" for key, times in counted.items() if times > 1),
    ]


def cases_faults(cases: list[Case], alarm_accounts: set[str]) -> list[str]:
    """One case per site that rang, and one guard on the way to each."""
    by_site: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_site[case.site_id].append(case)
    faults = [f"{site}: {len(found)} cases for one alarm" for site, found in by_site.items() if len(found) != 1]
    faults += [f"{account}: an alarm without a case" for account in alarm_accounts if f"K-{account}" not in by_site]
    for case in cases:
        held = [dispatch for dispatch in case.dispatches if dispatch.status is DispatchStatus.ACCEPTED]
        accepted = [offer for each in case.dispatches for offer in each.offers if offer.status is OfferStatus.ACCEPTED]
        if (len(held), len(accepted)) != (1, 1):
            faults.append(f"{case.id}: {len(held)} accepted dispatches, {len(accepted)} accepted offers")
    return faults


def offers_faults(records: Records, cases: list[Case], offers: list[Offer]) -> list[str]:
    """Every offer the journal speaks of reached its guard, no other did, and an answer that was taken is kept."""
    made = {offer.id for case in cases for dispatch in case.dispatches for offer in dispatch.offers}
    received = {str(offer.payload["offer"]) for offer in offers}
    accepted = {
        str(note.detail["offer"])
        for _, record in records
        for note in record.notes
        if note.what == f"guard.{GuardAnswer.ACCEPT.value}"
    }
    promised = {
        str(offer.payload["offer"]) for offer in offers if offer.answer == GuardAnswer.ACCEPT and offer.status == 200
    }
    return [
        *(f"offer {each} never reached its guard" for each in sorted(made - received)),
        *(f"offer {each} was sent and is not in the journal" for each in sorted(received - made)),
        *(f"offer {each} was accepted with a 200 and is not in the journal" for each in sorted(promised - accepted)),
    ]


def alarm_cases(installation: Installation) -> list[Case]:
    with contextlib.closing(sqlite3.connect(f"{installation.journal.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT body FROM case_row WHERE site_id <> ''").fetchall()
    return [msgspec.json.decode(body, type=Case) for (body,) in rows]
