"""What shows that a line works again, as gates on the moves of a case about one (R-21).

One rule: what the machine has heard counts, not what a form says it heard. It is written into the case's form under
names that no form of a case type has, so that nobody can fill them in.
"""

from __future__ import annotations

from arcd.core.case.model import Case
from arcd.core.facts import Actor
from arcd.core.turn import NS, Turn
from rules.model import Move

# The machine's own entries in a case's form: when the line came up, when it must have been heard three times since,
# when a test signal came.
UP_SINCE = "line_up_since"
HEARTBEATS_AT = "line_heartbeats_at"
TEST_AT = "line_test_at"
SYSTEM = "system_id"

HEARTBEATS = 3  # requirements 4.10


def line_restored(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    if case.form.get(UP_SINCE) or not _is_watched(turn, case):
        return None
    return "The line is still down; the case waits for it, or for the system to leave the site base."


def line_verified(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    up_since, how = int(case.form.get(UP_SINCE, "0")), form.get("verified_how", "")
    if not _is_watched(turn, case):
        return None
    if how == "test_signal" and int(case.form.get(TEST_AT, "-1")) < up_since:
        return "No test signal of the system has come since the line came up; have one sent."
    if how == "heartbeats":
        heard_at = int(case.form.get(HEARTBEATS_AT, "0"))
        if not heard_at:
            return "This line has no heartbeat to count; have a test signal sent."
        if turn.at < heard_at:
            return f"{HEARTBEATS} heartbeats need {(heard_at - turn.at) / NS:.0f} s more; or have a test signal sent."
    if how == "erc_test" and not form.get("erc_reference", "").strip():
        return "Say who at the emergency response centre confirmed the test: erc_reference."
    return None


def _is_watched(turn: Turn, case: Case) -> bool:
    """Nobody can verify the line of a system that is not there any more."""
    site = turn.state.sites.get(case.site_id)
    system_id = case.form.get(SYSTEM, "")
    return site is not None and any(each.id == system_id and each.category is not None for each in site.systems)
