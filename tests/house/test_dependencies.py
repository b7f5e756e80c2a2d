"""What arcd is built from: every package pinned by hash, under a licence that Apache-2.0 code may stand on.

Known vulnerabilities are asked of the network by `make audit`; this is what can be known without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) \\$", re.MULTILINE)
# Permissive, and the weak copyleft of files that we neither change nor ship (MPL-2.0: certifi).
LICENCES = (
    "MIT",
    "BSD",
    "Apache",
    "ISC",
    "PSF",
    "Python Software Foundation",
    "MPL-2.0",
    "Mozilla",
    "Unlicense",
    "0BSD",
)
STRONG = re.compile(r"\b(A?GPL|General Public)", re.IGNORECASE)


def runtime() -> dict[str, Distribution]:
    """arcd's own dependencies and theirs, without what only developing takes."""
    found: dict[str, Distribution] = {}
    waiting = list(_required(distribution("arcd")))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = distribution(name)
            waiting += _required(found[name])
    return found


def _required(of: Distribution) -> Iterator[str]:
    for line in of.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def licence(of: Distribution) -> str:
    """What the package says of itself: an SPDX expression, its classifiers, or the first line of a text."""
    metadata = of.metadata
    told = metadata.get_all("License-Expression") or [
        each for each in metadata.get_all("Classifier") or () if each.startswith("License ::")
    ]
    text = metadata.get_all("License") or [""]
    return "; ".join(told) if told else text[0].partition("\n")[0]


RUNTIME = runtime()


def test_every_package_is_pinned_with_its_hashes() -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)
    packages = [block for block in blocks if not block.startswith("#") and block.strip()]
    assert packages
    for block in packages:
        assert PINNED.match(block), block[:80]
        assert "--hash=sha256:" in block, block[:80]
    assert "://" not in re.sub(r"^#.*$", "", LOCK, flags=re.MULTILINE), "packages come by name from the index"


def test_all_that_runs_is_in_the_lock() -> None:
    locked = {canonicalize_name(name): version for name, version in PINNED.findall(LOCK)}
    assert {name: each.version for name, each in RUNTIME.items()} == {name: locked[name] for name in RUNTIME}


@pytest.mark.parametrize("name", sorted(RUNTIME))
def test_its_licence_fits(name: str) -> None:
    told = licence(RUNTIME[name])
    assert any(known in told for known in LICENCES), f"{name}: {told!r}"
    assert not STRONG.search(told), f"{name}: {told!r}"
