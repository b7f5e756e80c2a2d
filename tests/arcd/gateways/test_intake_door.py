"""Keeping house behind the doors: pictures go by their time, but for those that a legal hold is on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from arcd.clock import VirtualClock
from arcd.gateways.intake_door import HeldPictures
from arcd.media import DAY_S, NS
from arcd.store import StoreError
from tests.arcd.gateways.inbox import Inbox
from tests.arcd.gateways.intake import JPEG, a_door, a_map


def holding(places: frozenset[str] | None) -> HeldPictures:
    async def held() -> frozenset[str] | None:
        return places

    return held


async def unreadable() -> frozenset[str] | None:
    raise StoreError("the disk does not read reliably")


@pytest.mark.parametrize("holds", ["nothing", "the old one", "another", "everything", "unknown"])
async def test_what_may_be_held_stays(tmp_path: Path, holds: str) -> None:
    clock = VirtualClock()
    door = a_door("http", "http", Inbox(), clock, tmp_path, a_map())
    old, young = (door.media.keep(data, "image/jpeg", "alarm").place for data in (JPEG, JPEG + b"2"))
    at = clock.now() - round(91 * DAY_S * NS)
    os.utime(tmp_path / old, ns=(at, at))
    door._held = {
        "nothing": holding(frozenset()),
        "the old one": holding(frozenset({old})),
        "another": holding(frozenset({young})),
        "everything": holding(None),
        "unknown": unreadable,
    }[holds]
    with capture_logs() as logs:
        await door._sweep()
    assert (tmp_path / young).exists()
    assert (tmp_path / old).exists() == (holds not in ("nothing", "another"))
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["media.not_swept"] * (
        holds == "unknown"
    )
