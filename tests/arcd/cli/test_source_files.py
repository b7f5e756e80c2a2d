from __future__ import annotations

import os
from pathlib import Path

import pytest

from arcd.cli import source_files
from arcd.cli.failures import CliError, UsageError
from arcd.cli.source_files import read_directory


def test_yaml_below_a_directory_by_relative_path(tmp_path: Path) -> None:
    for name in ("b.yaml", "sites/a.yml", "sites/.hidden.yaml", ".git/x.yaml", "note.txt", "a.yaml~"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name} ä")
    assert read_directory(tmp_path) == {"b.yaml": "b.yaml ä", "sites/a.yml": "sites/a.yml ä"}
    assert list(read_directory(tmp_path)) == ["b.yaml", "sites/a.yml"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no directory"):
        read_directory(tmp_path / "missing")
    with pytest.raises(UsageError, match=r"holds no \.yaml file"):
        read_directory(tmp_path)
    (tmp_path / "a.yaml").write_bytes(b"x: \xff")
    with pytest.raises(CliError, match=r"a\.yaml is not UTF-8 text \(byte 3\)"):
        read_directory(tmp_path)


def test_what_is_no_file_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a")
    (tmp_path / ".#a.yaml").symlink_to("an-editors-lock")
    (tmp_path / "dir.yaml").mkdir()
    assert list(read_directory(tmp_path)) == ["a.yaml"]
    (tmp_path / "b.yaml").symlink_to(tmp_path / "moved-away")
    with pytest.raises(CliError, match=r"b\.yaml cannot be read: No such file or directory"):
        read_directory(tmp_path)
    (tmp_path / "b.yaml").unlink()
    (tmp_path / "b.yaml").symlink_to(tmp_path / "dir.yaml")
    with pytest.raises(CliError, match=r"b\.yaml cannot be read: it is no file"):
        read_directory(tmp_path)
    (tmp_path / "b.yaml").unlink()
    os.mkfifo(tmp_path / "b.yaml")
    with pytest.raises(CliError, match=r"b\.yaml cannot be read: it is no file"):
        read_directory(tmp_path)


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("a: 1234567")
    (tmp_path / "b.yaml").write_text("b: 1234567")
    monkeypatch.setattr(source_files, "FILE_BYTES_MAX", 9)
    with pytest.raises(CliError, match=r"a\.yaml is larger than"):
        read_directory(tmp_path)
    monkeypatch.setattr(source_files, "FILE_BYTES_MAX", 10)
    monkeypatch.setattr(source_files, "TREE_BYTES_MAX", 19)
    with pytest.raises(CliError, match="holds more than"):
        read_directory(tmp_path)
    monkeypatch.setattr(source_files, "TREE_BYTES_MAX", 20)
    monkeypatch.setattr(source_files, "FILES_MAX", 1)
    with pytest.raises(CliError, match="holds more than 1 files"):
        read_directory(tmp_path)
