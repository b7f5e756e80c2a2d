"""A key changed on the running daemon: asked for by arcctl, carried by the answers, kept by an import and a restart."""

from __future__ import annotations

import grp
import os
from pathlib import Path

from arcd.cli.dialling import Panel, Sent
from arcd.cli.wires import Receiver, SocketWire
from arcd.clock import SystemClock
from protocols.dc09 import Dialler
from protocols.secrets import WireKey
from tests.e2e.installations import KEY, KEYED, centre, site
from tests.patience import PATIENCE_S
from tests.process import Installation

NEW = "ffeeddccbbaa99887766554433221100"


def test_a_panel_gets_its_new_key_in_service_and_keeps_it(tmp_path: Path) -> None:
    place = site("K-2", KEYED, key=KEY)
    place["systems"][0]["accounts"][0]["dialect"] = "dc09-2026"
    group = grp.getgrgid(os.getgid()).gr_name
    installation = Installation(
        tmp_path, centre=centre([]), sites=[place], settings={"api": {"supervisor_group": group}}
    )
    (tmp_path / "new.key").write_text(NEW)
    wire = SocketWire(Receiver(host="127.0.0.1", port=installation.dc09_port), connect_timeout_s=PATIENCE_S)
    panel = Panel(
        Dialler(KEYED, key=WireKey(KEY)), wire, SystemClock(), timeout_s=PATIENCE_S, transmissions_max=1
    )  # takes a new key by itself, as `arcctl panel send` does

    def say(sequence: int) -> Sent:
        sent = panel.send("SIA-DCS", f"#{KEYED}|Nri1/OP1", sequence)
        assert sent.is_acknowledged, sent
        return sent

    def key_state() -> tuple[bool, bool]:
        shown = installation.arcctl("sites", "show", "K-2", "--json").json()
        account = shown["systems"][0]["accounts"][0]
        return account["offered_key"], account["previous_key"]

    with installation.running():
        assert not say(1).has_new_key
        asked = installation.arcctl("sites", "change-key", "K-2", KEYED, "--key-file", "new.key")
        assert asked.code == 0, asked.err
        assert key_state() == (True, False)
        offered = say(2)
        assert offered.has_new_key
        assert offered.reply is not None
        assert offered.reply.token == "RSP"
        assert not say(3).has_new_key
        assert key_state() == (False, True)
        imported = installation.arcctl("sites", "import", str(tmp_path / "site-base"))
        assert imported.code == 0, imported.err
        assert key_state() == (False, True), "files that still name the old key do not bring it back"
        say(4)
    wire.close()
    with installation.running():
        say(5)
        refused = installation.arcctl(
            "panel", "send", "--account", KEYED, "--null", "--key", "0f" * 16, "--port", str(installation.dc09_port)
        )
        assert refused.code == 1
        told = installation.arcctl("journal", "show", "--json").out
    wire.close()
    for secret in (NEW, NEW.upper(), bytes.fromhex(NEW).decode("latin-1")):
        assert secret not in told
        assert secret.encode("latin-1") not in installation.journal.read_bytes()
        assert secret not in installation.said()
