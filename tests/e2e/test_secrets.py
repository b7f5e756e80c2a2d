"""Planted keys and code words, and every place they must not be found in: journal, log, metrics, every answer."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

from arcd.core.facts import FrameReceived, IdentityChecked
from protocols.dc09 import Dialler
from tests.e2e.installations import KEYED, small_centre
from tests.patience import PATIENCE_S
from tests.process import Installation, free_ports

KEY = b"planted-key-7f3a"  # 16 ASCII characters: an AES-128 key as some panels want it
CHANGED_KEY = "00112233445566778899aabbccddeeff"  # what a panel sends in extended data K
WORD, DURESS = "planted-huuhkaja", "planted-hiirihaukka"


def shapes(secret: bytes) -> list[bytes]:
    """A secret as it is, in hex and in base64, from every position base64 may begin at."""
    texts = [secret, secret.hex().encode(), secret.hex().upper().encode()]
    texts += [base64.b64encode(b"\0" * shift + secret)[4:-4] for shift in range(3)]
    return texts


def frames(installation: Installation) -> list[FrameReceived]:
    return [record.fact for _, record in installation.records() if isinstance(record.fact, FrameReceived)]


def test_no_secret_is_found_anywhere(tmp_path: Path) -> None:
    webhook_port, smtp_port = free_ports(2)
    installation = small_centre(
        tmp_path, webhook_port=webhook_port, smtp_port=smtp_port, log={"format": "json", "level": "debug"}
    )
    keyed = next(site for site in installation.sites if site["id"] == "K-2")
    keyed["systems"][0]["accounts"][0]["key"] = KEY.decode()
    keyed["contacts"][0] |= {
        "code_word": WORD, "duress_word": DURESS, "roles": ["key_holder", "on_test_authority"],
    }  # fmt: skip
    installation.write_site_base()
    said = []
    with installation.running() as daemon:
        port = str(installation.dc09_port)
        sealed = ("panel", "send", "--account", KEYED, "--code", "BA", "--port", port, "--key", f"ascii:{KEY.decode()}")
        said.append(installation.arcctl(*sealed, "--json"))
        assert said[-1].code == 0, said[-1]
        said.append(installation.arcctl(*sealed[:-1], f"ascii:{KEY.decode()[::-1]}"))  # the wrong key
        plain = Dialler("1001").sia_dcs("Nri1/BA15", sequence=3, extended=(f"K{CHANGED_KEY}",))
        with socket.create_connection(("127.0.0.1", installation.dc09_port), timeout=PATIENCE_S) as panel:
            panel.sendall(plain)
            assert b'"ACK"' in panel.recv(4096)
        for word in (WORD, "planted-wrong", DURESS):
            said.append(installation.arcctl("test", "verify", "K-2", "owner", typed=f"{word}\n"))
        said.append(installation.arcctl("sites", "show", "K-2", "--json"))
        said.append(installation.arcctl("journal", "show", "--limit", "200", "--json"))
        said.append(
            installation.arcctl("case", "show", installation.arcctl("cases", "--json").json()["cases"][0]["id"])
        )
        metrics = daemon.metrics()
    checks = [record.fact for _, record in installation.records() if isinstance(record.fact, IdentityChecked)]
    assert [check.outcome.value for check in checks] == ["passed", "failed", "duress"]  # the words were really compared
    assert b"K****" in b"".join(fact.received.raw for fact in frames(installation))
    places = {path.name: path.read_bytes() for path in tmp_path.glob("journal.sqlite*")}
    places |= {"log": installation.said().encode(), "metrics": metrics.encode()}
    places |= {f"arcctl {number}": f"{ran.out}{ran.err}".encode() for number, ran in enumerate(said)}
    kek = bytes.fromhex("5a" * 32)
    for secret in (KEY, bytes.fromhex(CHANGED_KEY), CHANGED_KEY.encode(), WORD.encode(), DURESS.encode(), kek):
        for shape in shapes(secret):
            found = [name for name, content in places.items() if shape in content]
            assert not found, f"{secret!r} as {shape!r} in {found}"
