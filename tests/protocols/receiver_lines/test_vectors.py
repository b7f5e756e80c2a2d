from __future__ import annotations

from typing import Any

import pytest

from protocols.codec import Received
from protocols.receiver_lines.dialects import DIALECTS, read_options
from tests.protocols.receiver_lines.vectors import NOW, codec_for, frame_of, name_of, plain, vectors
from tests.protocols.receiver_lines.writing import WRITERS

VECTORS = vectors()


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_is_read_as_its_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    found = codec_for(vector).receive_data(frame_of(vector), NOW)
    assert [plain(item) for item in found] == (expect if isinstance(expect, list) else [expect])
    assert vector["source"]


@pytest.mark.parametrize("vector", [vector for vector in VECTORS if vector["written"]], ids=name_of)
def test_is_written_as_it_was_read(vector: dict[str, Any]) -> None:
    name = vector["protocol"]
    (item,) = codec_for(vector).receive_data(frame_of(vector), NOW)
    assert isinstance(item, Received)
    assert WRITERS[name](item, read_options(name, vector.get("dialect", {}))) == frame_of(vector)


def test_every_dialect_has_vectors_in_both_directions() -> None:
    assert {vector["protocol"] for vector in VECTORS} == set(DIALECTS) == set(WRITERS)
    assert {vector["protocol"] for vector in VECTORS if vector["written"]} == set(DIALECTS)
