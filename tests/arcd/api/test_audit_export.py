"""The package for an authority: what is in it and what is not, and that anybody can check it."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from arcd.core.case.model import SIGNALS_FIRST_MAX, SIGNALS_LAST_MAX
from arcd.core.facts import Actor, CaseNoted, SensitiveRead
from tests.arcd.api.desk import NASTY, SECRETS, FakeDesk

ORDER = {"reason": "5560/R/1/26", "recipient": "Helsingin poliisi"}
FILES = {
    "README.txt", "SHA256SUMS", "checkpoint.note", "custody.json", "incident.json", "keys.txt", "media.json",
    "proofs.json", "report.en.html", "report.fi.html", "report.sv.html", "verify.py",
}  # fmt: skip


async def exported(desk: FakeDesk, admin: httpx.AsyncClient) -> tuple[str, bytes]:
    await desk.audit.begin()
    await desk.take(desk.posted[-1])
    case_id = await desk.alarm("BA")
    await desk.alarm("BV", zone="4", sequence="2", account="2001")  # somebody else's matter
    note = CaseNoted(at=desk.now(), case_id=case_id, text=f"called Anna {NASTY}", actor=Actor(id="os:matti"))
    await desk.take(note)
    answer = await admin.post("/v1/audit/export", json={"case_id": case_id, **ORDER})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["arcd-digest"] == hashlib.sha256(answer.content).hexdigest()
    return case_id, answer.content


@pytest.fixture
async def package(desk: FakeDesk, admin: httpx.AsyncClient, tmp_path: Path) -> Path:
    _, content = await exported(desk, admin)
    unpacked = tmp_path / "package"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(unpacked)
    return unpacked


def checked(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As an authority would: no arcd, no site packages, no environment."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(package / "verify.py"), *arguments],
        capture_output=True, text=True, check=False, cwd="/", env={}, timeout=60,
    )  # fmt: skip


async def test_the_export_is_in_the_journal_before_it_is_handed_out(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id, content = await exported(desk, admin)
    fact = desk.asked[-1]
    assert isinstance(fact, SensitiveRead)
    assert (fact.what, fact.subject) == ("export", f"case/{case_id}")
    assert (fact.reason, fact.recipient) == (ORDER["reason"], ORDER["recipient"])
    assert fact.digest == hashlib.sha256(content).hexdigest()


def test_anybody_can_check_it_with_nothing_but_python(package: Path, desk: FakeDesk) -> None:
    ran = checked(package)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("ok     ") == 4
    assert "1 signing keys" in ran.stdout
    with_key = checked(package, "--key", str(desk.audit_key.verifier))
    assert with_key.returncode == 0, with_key.stdout
    assert "compare the signing key" not in with_key.stdout
    stranger = "other.example/j+" + str(desk.audit_key.verifier).partition("+")[2]
    assert checked(package, "--key", stranger).returncode == 1


def test_what_is_in_it(package: Path) -> None:
    names = {path.name for path in package.iterdir() if path.is_file()}
    assert names == FILES
    proofs = json.loads((package / "proofs.json").read_text("utf-8"))
    contents = {entry["kind"]: entry["content"] for entry in proofs["entries"]}
    assert contents == {"site_imported": "proof only", "frame_received": "withheld", "case_noted": "whole"} or (
        contents["case_noted"] == "whole" and contents["site_imported"] == "proof only"
    )
    custody = json.loads((package / "custody.json").read_text("utf-8"))
    assert (custody["reason"], custody["recipient"]) == (ORDER["reason"], ORDER["recipient"])
    assert custody["exported_by"].startswith("os:")
    incident = json.loads((package / "incident.json").read_text("utf-8"))
    assert [each["what"] for each in incident["data_in_force"]] == ["site"]
    assert incident["entries"][-1]["record"]["fact"]["text"].startswith("called Anna")


def test_no_secret_and_nobody_elses_matter_is_in_it(package: Path) -> None:
    whole = b"".join(path.read_bytes() for path in sorted(package.rglob("*")) if path.is_file())
    for secret in SECRETS:
        assert secret.encode() not in whole
    assert b"Varasto" not in whole
    assert b"2001" not in b"".join(path.read_bytes() for path in (package / "entries").iterdir())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fi", ["Tapahtumaselvitys", "Ilmoitukset", "Luovutustiedot", "Helsingin poliisi", "Muistiinpano"]),
        ("sv", ["Händelseutredning", "Meddelanden", "Utlämning", "Anteckning"]),
        ("en", ["Incident report", "Signals", "Chain of custody", "Note"]),
    ],
)
def test_the_report_is_readable_and_safe_in_each_language(package: Path, language: str, words: list[str]) -> None:
    page = (package / f"report.{language}.html").read_text("utf-8")
    assert page.startswith(f'<!doctype html><html lang="{language}">')
    for word in words:
        assert word in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page, "what people wrote is shown as they wrote it"
    assert "http-equiv" not in page


def _content(package: Path) -> Path:
    return next(iter(sorted((package / "entries").glob("*[0-9].json"))))


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def _with_sums(change: Callable[[Path], None]) -> Callable[[Path], None]:
    """Somebody who puts the list of digests right as well."""

    def changed(package: Path) -> None:
        change(package)
        lines = []
        for path in sorted(package.rglob("*")):
            if path.is_file() and path.name != "SHA256SUMS":
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                lines.append(f"{digest}  {path.relative_to(package)}\n")
        (package / "SHA256SUMS").write_text("".join(lines), "utf-8")

    return changed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda package: _edit(_content(package), "Anna", "Olga"), "its digest is not the one listed"),
        (lambda package: (package / "custody.json").unlink(), "custody.json is missing"),
        (lambda package: (package / "more.txt").write_text("x"), "more.txt is not part of the package"),
        (_with_sums(lambda package: _edit(_content(package), "Anna", "Olga")), "it is not the one committed to"),
        (
            _with_sums(lambda package: _edit(package / "proofs.json", '"kind": "case_noted"', '"kind": "case_noteD"')),
            "its hash is not that of its content",
        ),
        (
            _with_sums(lambda package: _edit(package / "proofs.json", '"seq": ', '"seq": 1')),
            "its hash is not that of its content",
        ),
        (
            _with_sums(lambda package: _edit(package / "checkpoint.note", "arc.example/test\n", "arc.example/tost\n")),
            "does not hold",
        ),
        (_with_sums(lambda package: _edit(package / "checkpoint.note", "— arc", "— orc")), "no key that is trusted"),
        (_with_sums(lambda package: _edit(package / "proofs.json", "— arc", "— orc")), "has not signed"),
    ],
)
def test_whatever_is_changed_is_named(package: Path, change: Callable[[Path], None], said: str) -> None:
    shutil.copy(package / "verify.py", package.parent / "verify.py")
    change(package)
    ran = subprocess.run(
        [sys.executable, "-I", str(package.parent / "verify.py"), str(package)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, said in ran.stdout) == (1, True), ran.stdout + ran.stderr


async def test_an_unknown_case_is_not_exported(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/audit/export", json={"case_id": "C999", **ORDER})
    assert answer.status_code == 404
    assert not desk.asked


async def test_a_report_of_a_long_case_says_what_its_table_leaves_out(
    desk: FakeDesk, admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    for number in range(1, SIGNALS_FIRST_MAX + SIGNALS_LAST_MAX + 8):
        await desk.alarm("BA", zone=str(number), sequence=str(number))
    _, content = await exported(desk, admin)
    wanted = {
        "fi": "Tässä välissä 8 muuta ilmoitusta",
        "sv": "Däremellan ytterligare 8 meddelanden",
        "en": "8 more signals in between",
    }
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for language, words in wanted.items():
            assert words in archive.read(f"report.{language}.html").decode()
