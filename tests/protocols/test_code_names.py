from __future__ import annotations

import csv
from importlib import resources

import pytest

from protocols.code_names import code_name
from protocols.event_codes import STANDARD
from protocols.signals import Scheme

TABLES = {Scheme.SIA: STANDARD.sia, Scheme.CONTACT_ID: STANDARD.contact_id}


def test_every_code_is_named_in_every_language() -> None:
    text = resources.files("protocols").joinpath("data", "code_names.tsv").read_text(encoding="utf-8")
    rows = [(row["scheme"], row["code"]) for row in csv.DictReader(text.splitlines(), delimiter="\t")]
    assert len(set(rows)) == len(rows)
    assert set(rows) == {(scheme.value, code) for scheme, table in TABLES.items() for code in table}
    for scheme, table in TABLES.items():
        for code in table:
            for language in ("fi", "sv", "en"):
                name = code_name(scheme, code, language)
                assert name == name.strip()
                assert name


@pytest.mark.parametrize(
    ("scheme", "code", "language", "name"),
    [
        (Scheme.SIA, "BA", "fi", "Murtohälytys"),
        (Scheme.SIA, "CL", "fi", "Päällekytkentä"),
        (Scheme.SIA, "FA", "sv", "Brandlarm"),
        (Scheme.CONTACT_ID, "301", "sv", "Nätspänningsbortfall"),
        (Scheme.CONTACT_ID, "130", "en", "Burglary"),
        (Scheme.SIA, "99", "fi", ""),
        (Scheme.OPAQUE, "BA", "fi", ""),
    ],
)
def test_names(scheme: Scheme, code: str, language: str, name: str) -> None:
    assert code_name(scheme, code, language) == name
