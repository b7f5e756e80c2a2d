"""From time that passes to facts: who is silent, who is back, and whether it is us.

One rule: ourselves first. While our own connection is down nobody is silent.
"""

from __future__ import annotations

from arcd.core.facts import AnyFact, DaemonTroubled, PathsHeardAgain, PathsSilent
from arcd.core.supervision.watch import SILENT_MAX, Watch

# Facts of one look; more come with the next one.
FACTS_MAX = 8


def look(watch: Watch, now: int) -> list[AnyFact]:
    facts: list[AnyFact] = []
    link = watch.own_link
    what = link.look(
        now, paths=watch.quick_paths, interval_s=watch.interval_s, shortest_s=watch.shortest_s, part=watch.expected_part
    )
    if what is not None:
        rate = link.rate
        detail = f"{rate * 60:.0f} frames a minute before" if rate is not None else "no frame since the start"
        if what == "back":
            detail = "frames come again"
        facts.append(DaemonTroubled(at=now, code="uplink_lost", detail=detail, cleared=what == "back"))
    if back := watch.take_back(now):
        facts.append(PathsHeardAgain(at=now, heard=back))
    if link.lost_at or what is not None:
        return facts  # also when it is back: every path has its time from the step that takes this fact
    while len(facts) < FACTS_MAX and (silent := watch.take_silent(now)):
        facts.append(PathsSilent(at=now, silent=silent))
        if len(silent) < SILENT_MAX:
            break
    return facts
