"""How sure an alarm is: the verification level that is proposed for it (requirements 2.5, TMA-AVS-01 meanings).

0 asks for no response, 1 for one on little information, 2 is a confirmed or highly probable human presence, 3 a
confirmed threat to property, 4 a confirmed threat to life that is not what a user reported.

One rule: a pure proposal from the kind of signal and the evidence. Only a person gives 4; a machine never lowers.
"""

from __future__ import annotations

from collections.abc import Collection

from protocols.signals import Category

SEQUENTIAL = "sequential"  # a second, independent activation inside the window
PANEL = "panel"  # the panel itself reports it as verified
PATH = "path"  # a transmission path failed around the alarm
EVIDENCE = (SEQUENTIAL, PANEL, PATH)

LEVEL_MAX = 3  # without a person who has seen or heard it

# One signal of the category, nothing else known. What is not here asks for no response by itself.
_ALONE: dict[Category, int] = {
    Category.INTRUSION: 1,
    Category.TAMPER: 1,
    Category.HOLDUP: 1,
    Category.DURESS: 1,
    Category.FIRE: 1,
    Category.MEDICAL: 1,
}


def proposal(category: Category, evidence: Collection[str]) -> int:
    level = _ALONE.get(category, 0)
    if level == 0:
        return 0
    if SEQUENTIAL in evidence or PANEL in evidence:
        level = 2
    return min(LEVEL_MAX, level + (PATH in evidence))
