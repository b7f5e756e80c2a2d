"""One fact of each kind about the journal itself, for tests that tell them in any order."""

from __future__ import annotations

from arcd.core.facts import (
    DAEMON,
    SUPERVISOR,
    Actor,
    AnyFact,
    AuditKeyChanged,
    ErasureRequested,
    HoldRequested,
    JournalVerified,
    PruneRequested,
    SegmentSealed,
    SensitiveRead,
)

CHIEF = Actor(id="os:chief", roles=(SUPERVISOR,))
ABOUT_THE_JOURNAL: list[AnyFact] = [
    AuditKeyChanged(at=0, verifier="arc+1+k", note="n"),
    AuditKeyChanged(at=0, verifier="arc+2+k", note="n", vouched=False),
    *(SegmentSealed(at=0, through=n, hash="aa", peaks=("bb",), actor=CHIEF, reason="r", sealed_at=0) for n in (3, 9)),
    *(PruneRequested(at=0, through=n, actor=CHIEF, reason="r", payloads=0, entries_after=0) for n in (3, 9)),
    ErasureRequested(at=0, what="site/S-1", seqs=(1, 2), actor=CHIEF, reason="r", subjects=("site/S-1",)),
    ErasureRequested(at=0, what="case/C11", seqs=(11,), actor=CHIEF, reason="r", subjects=(), cases=("C11",)),
    ErasureRequested(at=0, what="retention/signal", seqs=(), actor=DAEMON, reason="r", through=9),
    *(HoldRequested(at=0, action=do, subject="site/S-1", actor=CHIEF, reason="r") for do in ("place", "lift")),
    SensitiveRead(at=0, what="journal", subject="site/S-1", actor=CHIEF),
    JournalVerified(at=0, actor=CHIEF, head_seq=9, head_hash="aa", entries=9, findings=("entry 3: changed",)),
]
