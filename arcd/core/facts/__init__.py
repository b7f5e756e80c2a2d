"""Everything that can happen: the journal's input vocabulary.

One rule: facts are past tense, carry `at` (ns since 1970 UTC) and are enough, with the state before them, to get the
state after them. Nothing here says what was decided; that stands beside the fact in its journal entry.

A request (`CaseMoveRequested`, …) is a fact too: that somebody asked is what happened, whether or not it was granted.
"""

from __future__ import annotations

from arcd.core.facts.administration import (
    CentreImported,
    KeyChangeRequested,
    RulesLoaded,
    ScheduleChangeRequested,
    SiteImported,
    SiteRemoved,
)
from arcd.core.facts.audit import (
    AuditKeyChanged,
    ErasureRequested,
    HoldRequested,
    JournalVerified,
    PruneRequested,
    SegmentSealed,
    SensitiveRead,
)
from arcd.core.facts.base import DAEMON, SUPERVISOR, Actor, Fact
from arcd.core.facts.cases import (
    CaseMoveRequested,
    CaseNoted,
    CaseOpenRequested,
    CaseStepRequested,
    ClaimRenewRequested,
    SlaClockRequested,
)
from arcd.core.facts.flags import (
    Every,
    FlagEndRequested,
    FlagKind,
    FlagNoticed,
    FlagStartRequested,
    IdentityChecked,
    IdentityOutcome,
    NoticeKind,
    Recurrence,
    Scope,
    SignalPromoted,
)
from arcd.core.facts.forwarding import ForwardAcknowledged, ForwardSwitchRequested
from arcd.core.facts.lines import OperatorAnswered, PartyInformed
from arcd.core.facts.machine import (
    ClockStepped,
    DaemonTroubled,
    DeadlineReached,
    JournalRestored,
    Started,
    StepFailed,
    Stopped,
)
from arcd.core.facts.outcomes import (
    AuthorityAction,
    AuthorityAnswered,
    AuthorityCalled,
    AuthorityRequested,
    AuthorityUnreadable,
    CallAnswer,
    EffectOutcome,
    EffectReported,
    GuardAnswer,
    GuardAnswered,
)
from arcd.core.facts.receiver_lines import LineFault, LineLost, LineRestored, LineRole, LineSetUp, LinesHeard
from arcd.core.facts.relays import RelayAction, RelayRequested
from arcd.core.facts.supervision import PathsHeardAgain, PathsSilent
from arcd.core.facts.wire import AccountsHeard, FrameMalformed, FrameReceived

AnyFact = (
    FrameReceived
    | FrameMalformed
    | AccountsHeard
    | PathsSilent
    | PathsHeardAgain
    | LineLost
    | LineRestored
    | LinesHeard
    | Started
    | Stopped
    | ClockStepped
    | DeadlineReached
    | StepFailed
    | DaemonTroubled
    | JournalRestored
    | RulesLoaded
    | CentreImported
    | SiteImported
    | SiteRemoved
    | KeyChangeRequested
    | ScheduleChangeRequested
    | FlagStartRequested
    | FlagEndRequested
    | FlagNoticed
    | SignalPromoted
    | IdentityChecked
    | CaseOpenRequested
    | CaseMoveRequested
    | CaseNoted
    | CaseStepRequested
    | ClaimRenewRequested
    | SlaClockRequested
    | PartyInformed
    | OperatorAnswered
    | EffectReported
    | RelayRequested
    | ForwardAcknowledged
    | ForwardSwitchRequested
    | GuardAnswered
    | AuthorityRequested
    | AuthorityCalled
    | AuthorityAnswered
    | AuthorityUnreadable
    | AuditKeyChanged
    | ErasureRequested
    | HoldRequested
    | JournalVerified
    | PruneRequested
    | SegmentSealed
    | SensitiveRead
)

__all__ = [
    "DAEMON",
    "SUPERVISOR",
    "AccountsHeard",
    "Actor",
    "AnyFact",
    "AuditKeyChanged",
    "AuthorityAction",
    "AuthorityAnswered",
    "AuthorityCalled",
    "AuthorityRequested",
    "AuthorityUnreadable",
    "CallAnswer",
    "CaseMoveRequested",
    "CaseNoted",
    "CaseOpenRequested",
    "CaseStepRequested",
    "CentreImported",
    "ClaimRenewRequested",
    "ClockStepped",
    "DaemonTroubled",
    "DeadlineReached",
    "EffectOutcome",
    "EffectReported",
    "ErasureRequested",
    "Every",
    "Fact",
    "FlagEndRequested",
    "FlagKind",
    "FlagNoticed",
    "FlagStartRequested",
    "ForwardAcknowledged",
    "ForwardSwitchRequested",
    "FrameMalformed",
    "FrameReceived",
    "GuardAnswer",
    "GuardAnswered",
    "HoldRequested",
    "IdentityChecked",
    "IdentityOutcome",
    "JournalRestored",
    "JournalVerified",
    "KeyChangeRequested",
    "LineFault",
    "LineLost",
    "LineRestored",
    "LineRole",
    "LineSetUp",
    "LinesHeard",
    "NoticeKind",
    "OperatorAnswered",
    "PartyInformed",
    "PathsHeardAgain",
    "PathsSilent",
    "PruneRequested",
    "Recurrence",
    "RelayAction",
    "RelayRequested",
    "RulesLoaded",
    "ScheduleChangeRequested",
    "Scope",
    "SegmentSealed",
    "SensitiveRead",
    "SignalPromoted",
    "SiteImported",
    "SiteRemoved",
    "SlaClockRequested",
    "Started",
    "StepFailed",
    "Stopped",
]
