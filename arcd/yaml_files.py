"""The YAML files below a directory that people keep: rules of their own, a site base.

One rule: hidden names are passed over and nothing else. A rule or a site that is missing because a directory may not be
listed, or because a link leads nowhere, would be missed only when it is needed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

SUFFIXES = (".yaml", ".yml")


def yaml_files(directory: Path) -> list[Path]:
    """In name order. OSError, with the name of what cannot be listed, looked at, or is no file."""
    found: list[Path] = []
    for at, directories, files in os.walk(directory, onerror=_refuse):
        directories[:] = [name for name in directories if not name.startswith(".")]
        found += (Path(at, name) for name in files if _is_yaml(name))
        # os.walk counts a link to a directory among these, and does not follow it.
        found += (path for path in (Path(at, name) for name in directories if _is_yaml(name)) if path.is_symlink())
    for path in found:
        if not stat.S_ISREG(path.stat().st_mode):  # to read a pipe would be to wait for it
            raise OSError(0, "it is no file", str(path))
    return sorted(found)


def _is_yaml(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix in SUFFIXES


def _refuse(error: OSError) -> None:
    raise error
