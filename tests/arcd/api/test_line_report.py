from __future__ import annotations

from xml.etree import ElementTree

import httpx
import pytest

from arcd.api.instants import rfc3339
from arcd.core.line_service import history
from arcd.store import Batch, Checkpoint
from tests.arcd.api.desk import FakeDesk
from tests.arcd.api.lines import NS, comes_back, fails, passes, watched

SVG = "{http://www.w3.org/2000/svg}"


async def test_availability_of_a_line_that_failed_once(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    await passes(desk, 9 * 3600)
    await fails(desk)
    await passes(desk, 3600 - 185)
    await comes_back(desk)
    report = (await admin.get("/v1/lines/report?site=S-1&months=2")).json()
    assert [(line["system_id"], line["path_id"]) for line in report["lines"]] == [("fire", ""), ("fire", "mobile")]
    line = report["lines"][1]
    assert (line["category"], line["circuit"], line["is_down"]) == ("SP4", "LTE-77", False)
    before, month = line["months"]
    assert (before["ratio"], before["watched_s"]) == (None, 0)
    assert (month["down_s"], month["watched_s"], month["ratio"], month["late"]) == (3600, 36_000, 0.9, 0)
    (fault,) = line["faults"]
    assert (fault["lasted_s"], fault["delay_s"], fault["limit_s"], fault["in_time"]) == (3600, 175, 180, True)
    assert line["detection"] == {"faults": 1, "median_s": 175, "longest_s": 175, "limit_s": 180, "late": 0}
    assert line["longest"] == fault
    one = (await admin.get("/v1/lines/report?site=S-1&system=fire&path=mobile&year=2026")).json()["lines"]
    assert [len(each["months"]) for each in one] == [12]


async def test_a_line_that_is_down(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    await fails(desk)
    (line, _) = (await admin.get("/v1/lines/report?site=S-1&months=1")).json()["lines"]
    assert line["is_down"]
    assert (line["faults"][0]["until"], line["faults"][0]["lasted_s"]) == (None, 185)


@pytest.mark.parametrize("asked", ["site=S-9", "site=K-1", "site=S-1&system=other", "site=S-1&path=other"])
async def test_lines_that_are_not_there(admin: httpx.AsyncClient, desk: FakeDesk, asked: str) -> None:
    await watched(desk)
    assert (await admin.get(f"/v1/lines/report?{asked}")).status_code == 404
    assert (await admin.get(f"/v1/lines/chart?{asked}")).status_code == 404


async def test_faults_the_state_has_forgotten_are_read_from_the_journal(
    admin: httpx.AsyncClient, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "FAULTS_MAX", 2)
    await watched(desk)
    for _ in range(5):
        await fails(desk)
        await passes(desk, 400)
        await comes_back(desk)
        await passes(desk, 1000)
    assert len(desk.state.line_histories["S-1/fire/mobile"].faults) == 2
    for line in (await admin.get("/v1/lines/report?site=S-1&months=1")).json()["lines"]:
        assert line["whole"]["faults"] == 5
        assert line["whole"]["down_s"] == 5 * 585
        starts = [fault["since"] for fault in line["faults"]]
        assert starts == sorted(starts, reverse=True)
        assert len(set(starts)) == 5
        assert line["complete_from"] == line["watched_from"]


async def test_it_says_from_when_on_it_is_whole(
    admin: httpx.AsyncClient, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been erased can no longer be counted, and the report does not pretend."""
    monkeypatch.setattr(history, "FAULTS_MAX", 1)
    await watched(desk)
    for _ in range(3):
        steps = await fails(desk)
        await comes_back(desk)
        await passes(desk, 1000)
    assert steps
    entries = [entry async for entry in desk.store.entries(subject="site/S-1")]
    first = next(entry for entry in entries if entry.payload and b"path.failed" in entry.payload)
    await desk.store.commit(Batch(checkpoint=Checkpoint(seq=entries[-1].seq, rows=())))
    await desk.store.commit(Batch(erased=(first.seq,)))
    (line,) = (await admin.get("/v1/lines/report?site=S-1&path=mobile&months=1")).json()["lines"]
    assert line["whole"]["faults"] == 2
    assert line["complete_from"] == rfc3339(first.at)


@pytest.mark.parametrize(
    ("language", "words"),
    [("fi", "99,82 %"), ("sv", "Hela förbindelsen (alla vägar)"), ("en", "The whole connection (all paths)")],
)
async def test_the_picture(admin: httpx.AsyncClient, desk: FakeDesk, language: str, words: str) -> None:
    await watched(desk)
    await passes(desk, 8 * 86_400)
    await fails(desk)
    await passes(desk, 1200 - 185)
    await comes_back(desk)
    answer = await admin.get(f"/v1/lines/chart?site=S-1&months=12&lang={language}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    root = ElementTree.fromstring(answer.text)
    texts = [each.text or "" for each in root.iter(f"{SVG}text")]
    assert any(words in text for text in texts), texts
    assert not [text for text in texts if "{" in text]
    marks = [each for each in root.iter(f"{SVG}rect") if each.get("fill") == "#b3261e"]
    assert len(marks) == 2  # one fault, of the path and so of the whole connection
    assert all(float(mark.get("width", "0")) >= 2 for mark in marks)
    assert desk.now() > 8 * 86_400 * NS
