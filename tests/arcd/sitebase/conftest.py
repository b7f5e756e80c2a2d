from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcd.credentials import Kek
from arcd.sitebase import Loaded, load_sitebase

KEK = Kek(bytes(32))
CENTRE = """\
name: Demo
guards:
  - {id: g1, name: Kaarti 1, email: g1@example.invalid}
contacts:
  - {id: duty, name: Päivystäjä, phones: ["+358 40 555 0190"]}
call_lists:
  on_duty: [duty]
"""

Load = Callable[..., Loaded]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a site base (the texts of sites/a.yaml, sites/b.yaml, …) and loads it. Files in problems are relative."""

    def load(*sites: str, centre: str | None = CENTRE, **options: Any) -> Loaded:
        (tmp_path / "sites").mkdir(exist_ok=True)
        if centre is not None:
            (tmp_path / "centre.yaml").write_text(centre, encoding="utf-8")
        for name, text in zip("abcdef", sites, strict=False):
            (tmp_path / "sites" / f"{name}.yaml").write_text(text, encoding="utf-8")
        return load_sitebase(tmp_path, kek=KEK, **options)

    return load


@pytest.fixture
def problems(load: Load, tmp_path: Path) -> Callable[..., list[str]]:
    """What `load` complains about, as an administrator reads it, less the directory."""

    def problems(*sites: str, **options: Any) -> list[str]:
        return [str(problem).replace(f"{tmp_path}/", "") for problem in load(*sites, **options).problems]

    return problems
