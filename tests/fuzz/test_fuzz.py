"""The fuzz targets for a moment and always alike: every seed, and a fixed number of mutations of them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import pytest

from tests.fuzz.targets import CORPUS, TARGETS, seeds

MUTATIONS = 500
CORPUS_BYTES_MAX = 64 * 1024  # of all targets together: what is kept in the repository stays small


def draws(name: str) -> Iterator[int]:
    number = 0
    while True:
        yield from blake2b(f"{name}.{number}".encode()).digest()
        number += 1


def mutations(name: str) -> Iterator[bytes]:
    picks, pool = draws(name), seeds(name)
    for _ in range(MUTATIONS):
        data = bytearray(pool[next(picks) % len(pool)])
        for _ in range(next(picks) % 4 + 1):
            at = (next(picks) << 8 | next(picks)) % (len(data) + 1)
            match next(picks) % 5:
                case 0:
                    data[at:at] = bytes((next(picks),))
                case 1:
                    del data[at : at + next(picks) % 8 + 1]
                case 2 if at < len(data):
                    data[at] ^= 1 << next(picks) % 8
                case 3:
                    data[at:at] = data[at : at + next(picks) % 32]
                case _:
                    data += pool[next(picks) % len(pool)][1:]
        yield bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    run = TARGETS[name]
    assert seeds(name), "a search has to begin somewhere"
    for data in (b"", *seeds(name), *mutations(name)):
        run(data)


def test_the_corpus_is_small_and_every_part_of_it_is_used() -> None:
    files = list(CORPUS.iterdir())
    assert {file.name for file in files} <= {f"{name}.hex" for name in TARGETS}
    assert sum(file.stat().st_size for file in files) <= CORPUS_BYTES_MAX
