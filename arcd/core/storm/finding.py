"""Which node do the faults of the last minutes share?

One rule: pure counting. The answer is the lowest node that explains nearly all of what its own ancestors could.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from arcd.core.storm.model import Candidate

NS = 1_000_000_000
# requirements 4.4: failed ≥ max(10, 10 % of the node's children) within 120 s …
FAILED_MIN = 10
FAILED_PART = 0.1
WINDOW_S = 120.0
# … or three sigma above what is usual: so many in two minutes are chance at no node, whatever its size.
FAILED_ENOUGH = 200
# requirements 4.4, power failures: 20 sites within 10 min in a region.
MAINS = "mains:"
MAINS_SITES_MIN = 20
MAINS_WINDOW_S = 600.0
# A child node that holds this part of its parent's faults is the better explanation.
EXPLAINS = 0.9

Sizes = Callable[[str], int]


def window_s(node: str) -> float:
    return MAINS_WINDOW_S if node.startswith(MAINS) else WINDOW_S


def threshold(node: str, size: int) -> float:
    """So many faults within the window are a storm."""
    if node.startswith(MAINS):
        return MAINS_SITES_MIN
    return max(FAILED_MIN, min(FAILED_PART * size, FAILED_ENOUGH))


def find_node(candidates: Mapping[str, Candidate], at: int, size_of: Sizes) -> str | None:
    """`size_of`: how many supervised children a node has."""
    counts: Counter[str] = Counter()
    depth: dict[str, int] = {}
    below: dict[str, set[str]] = {}
    for each in candidates.values():
        for place, node in enumerate(each.nodes):
            if at - each.at <= window_s(node) * NS:
                counts[node] += 1
                depth[node] = max(place, depth.get(node, 0))
                below.setdefault(node, set()).update(each.nodes[place + 1 :])
    shared = [node for node, count in counts.items() if count >= threshold(node, size_of(node))]
    if not shared:
        return None
    shared.sort(key=lambda node: (depth[node], -counts[node], node))
    found = shared[0]
    for node in shared[1:]:
        if node in below[found] and counts[node] >= EXPLAINS * counts[found]:
            found = node
    return found
