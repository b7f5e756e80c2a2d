"""Points, relays and sources: what an administrator writes, and what is told where it cannot be meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arcd.core.field import Point, Relay, RelayKind, Source, SubjectRule
from arcd.sitebase import Loaded
from protocols.modbus_points import Number, PointSpec, Table

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

HEAD = """\
sites:
  - id: K-1
    name: Varasto
    guards: [g1]
    systems:
      - id: building
        kind: technical
        accounts: [{number: "2001"}]
        zones: [{number: "1"}, {number: "4"}]
"""
TOKEN = "00112233445566778899aabb"


def of(kind: str, *entries: str) -> str:
    return HEAD + f"        {kind}:\n" + "".join(f"          - {{{entry}}}\n" for entry in entries)


def test_what_is_written_is_what_the_core_knows(load: Load, tmp_path: Path) -> None:
    (tmp_path / "gate.token").write_text(TOKEN + "\n", encoding="utf-8")
    (tmp_path / "gate.token").chmod(0o600)
    loaded = load(
        of("points", "id: temperature, device: boiler, table: input_register, address: 7, code: KA, zone: 4, "
           "number: int16, scale: 0.1, above: 30, hysteresis: 2, debounce_s: 0.5, unit: °C")
        + "        relays:\n          - {id: gate, device: doors, coil: 3, kind: gate, pulse_s: 3, interlock: lock}\n"
        + "        sources:\n          - {id: cam, token_file: gate.token, code: BA, zone: 1, "
        "subjects: [{subject: 'line*', zone: 4}]}\n"
    )  # fmt: skip
    assert loaded.sitebase is not None, loaded.problems
    (system,) = loaded.sitebase.sites[0].systems
    spec = PointSpec(
        table=Table.INPUT_REGISTER, address=7, number=Number.INT16, scale=0.1, above=30.0, hysteresis=2.0,
        debounce_s=0.5,
    )  # fmt: skip
    assert system.points == (Point(id="temperature", device="boiler", spec=spec, code="KA", zone="4", unit="°C"),)
    assert system.relays == (
        Relay(id="gate", device="doors", coil=3, kind=RelayKind.GATE, pulse_s=3.0, interlock="lock"),
    )
    (source,) = system.sources
    assert source == Source(
        id="cam", account="2001", digest=source.digest, code="BA", zone="1",
        subjects=(SubjectRule(subject="line*", zone="4"),),
    )  # fmt: skip
    assert len(source.digest) == 64
    assert TOKEN not in str(loaded)
    text = (tmp_path / "sites" / "a.yaml").read_text("utf-8")
    again = load(text, previous={"K-1": loaded.sitebase.sites[0]})
    assert again.sitebase == loaded.sitebase, "importing the same files changes nothing"


INPUT = "id: p, device: d, table: discrete_input, address: 0"
REGISTER = "id: p, device: d, table: holding_register, address: 0, code: WA"
WANTED = {
    ("points", f"{INPUT}, code: WA, zone: 9"): "11:83: error: system building has no zone 9",
    ("points", f"{INPUT}, code: QQ"): "error: QQ is in no table of sia",
    ("points", f"{INPUT}, code: BR"): "error: BR is a restore",
    ("points", f"{INPUT}, code: WA, above: 3"): "error: a bit has no limits",
    ("points", f"{INPUT}, code: WA, bit: 3"): "error: a discrete_input is a single bit",
    ("points", REGISTER): "error: point p has no limit",
    ("points", f"{REGISTER}, above: 3, active_low: true"): "error: a number is not active low",
    ("points", f"{REGISTER}, above: 10, below: 5, hysteresis: 3"): "error: nothing would be left between the limits",
    ("points", f"{REGISTER}, bit: 1, number: float32"): "error: a bit is no number",
    ("points", f"{REGISTER}, above: .inf"): "error:",
    ("points", "id: p, device: d, table: coil, address: 65536, code: WA"): "error:",
    ("relays", "id: r, device: d, coil: 0, kind: door"): "error: r would stay open until somebody closes it",
    ("relays", "id: r, device: d, coil: 0, pulse_s: 301"): "error:",
    ("sources", "id: s, code: BA"): "error: source s needs one token",
    ("sources", "id: s, code: BA, token: short"): "error: this is not a token",
    ("sources", f"id: s, token: {TOKEN}"): "error: a mail names no event code",
    ("sources", f"id: s, token: {TOKEN}, code: BA, account: '9'"): "error: system building has no account 9",
    ("sources", "id: s, token_file: nowhere, code: BA"): "error: cannot read",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "entry"), list(WANTED))
def test_what_cannot_be_meant_is_told_where_it_stands(kind: str, entry: str, problems: Problems) -> None:
    found = problems(of(kind, entry))
    assert len(found) == 1, found
    assert found[0].startswith("sites/a.yaml:11:")
    assert WANTED[kind, entry] in found[0]
    assert " — " in found[0] or "nowhere" in found[0], "every problem says what to write instead"


@pytest.mark.parametrize(
    ("kind", "entry"), [("points", f"{INPUT}, code: WA"), ("sources", f"id: s, token: {TOKEN}, code: BA")]
)
def test_an_account_with_a_key_takes_nothing_that_is_not_encrypted(kind: str, entry: str, problems: Problems) -> None:
    keyed = of(kind, entry).replace('{number: "2001"}', '{number: "2001", key: 00112233445566778899aabbccddeeff}')
    (found,) = problems(keyed)
    assert "has a receiver key — " in found


def test_an_id_is_given_once_a_site_and_a_token_once_at_all(problems: Problems) -> None:
    twice = problems(of("points", f"{INPUT}, code: WA", f"{INPUT}, code: WA"))
    assert twice == [
        "sites/a.yaml:12:18: error: point p is already on line 11 — give every point of the site its own id"
    ]
    source = f"id: s, token: {TOKEN}, code: BA"
    (shared,) = problems(of("sources", source, source.replace("id: s", "id: t")))
    assert "the token of t is also that of s at" in shared
    assert TOKEN not in shared


def test_a_broken_token_is_not_repeated(problems: Problems) -> None:
    found = problems(of("sources", "id: s, code: BA, token: *Secret-Of-The-House"))
    assert found
    assert not any("Secret-Of" in line for line in found)
