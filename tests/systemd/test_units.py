"""The units pass systemd's own checks, and agree with the settings' defaults and with the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from arcd.api.serving import STOP_TIMEOUT_S, UNIX_SOCKET_MODE
from arcd.settings import Settings, TlsSettings
from tests.systemd.unit import UNITS, Unit

NAMES = ("arcd.service", "arcd.socket", "arcd-tls.socket", "arcd-api.socket", "arcd-failure.service")


@pytest.fixture
def service() -> Unit:
    return Unit("arcd.service")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_sandbox_scores_well() -> None:
    """At most 1.5 of 10 exposed; the tool exits with an error above that."""
    result = run("systemd-analyze", "security", "--offline=true", "--threshold=15", UNITS / "arcd.service")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_sandbox_scores_as_well_with_serial_ports(tmp_path: Path) -> None:
    """As systemd reads a drop-in: behind the unit. Nothing but serial ports becomes visible."""
    drop_in = (UNITS / "arcd-serial.conf").read_text(encoding="utf-8")
    unit = tmp_path / "arcd.service"
    unit.write_text((UNITS / "arcd.service").read_text(encoding="utf-8") + drop_in, encoding="utf-8")
    result = run("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
    assert result.returncode == 0, result.stdout + result.stderr
    allowed = re.findall(r"(?m)^DeviceAllow=(\S+) (\S+)$", drop_in)
    assert allowed == [("char-ttyS", "rw"), ("char-ttyUSB", "rw"), ("char-ttyACM", "rw")]
    assert "DevicePolicy=closed" in drop_in


def test_only_named_directories_become_writable(tmp_path: Path) -> None:
    drop_in = (UNITS / "arcd-directories.conf").read_text(encoding="utf-8")
    unit = tmp_path / "arcd.service"
    unit.write_text((UNITS / "arcd.service").read_text(encoding="utf-8") + drop_in, encoding="utf-8")
    result = run("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [line for line in drop_in.splitlines() if line and not line.startswith("#")] == [
        "[Service]", "ReadWritePaths=/srv/arcd-copies",
    ]  # fmt: skip


def test_every_credential_that_the_settings_name_stands_in_the_unit() -> None:
    named = set(re.findall(r"credential: ([a-z-]+)", (UNITS.parent / "config" / "arcd.yaml").read_text("utf-8")))
    told = set(re.findall(r"LoadCredential=([a-z-]+):", (UNITS / "arcd.service").read_text("utf-8")))
    assert told == named | {"kek"}


def test_systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    for name in NAMES:
        text = (UNITS / name).read_text(encoding="utf-8")
        # systemd looks whether the program exists; any will do.
        (tmp_path / name).write_text(text.replace("/opt/arcd/bin/arcd", sys.executable), encoding="utf-8")
    result = run("systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in NAMES))
    ours = [line for line in (result.stdout + result.stderr).splitlines() if "arcd" in line or str(tmp_path) in line]
    assert (ours, result.returncode) == ([], 0)


def test_users_and_groups_can_be_made() -> None:
    result = run("systemd-sysusers", "--dry-run", UNITS / "arcd.sysusers")
    assert result.returncode == 0, result.stderr
    named = re.findall(r"^[ug] (\S+)", (UNITS / "arcd.sysusers").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert named == ["arcd", "arcd-operators", "arcd-supervisors"]


# --------------------------------------------------------------------------------------------------- agreement with us


def test_the_service_finds_what_the_settings_say(service: Unit) -> None:
    settings = Settings()
    assert service["Service"]["ExecStart"] == "/opt/arcd/bin/arcd --config /etc/arcd/arcd.yaml"
    state = Path("/var/lib") / service["Service"]["StateDirectory"]
    assert settings.store.path.parent == state
    assert settings.site_base.directory.parent == Path("/etc/arcd")


def test_panels_find_the_same_ports_with_and_without_systemd() -> None:
    socket = Unit("arcd.socket")["Socket"]
    (tcp,), (udp,) = Settings().dc09.tcp, Settings().dc09.udp
    assert int(socket["ListenStream"]) == tcp.port
    assert int(socket["ListenDatagram"]) == udp.port
    assert socket["FileDescriptorName"] == "dc09"


def test_tls_has_the_same_port_with_and_without_systemd() -> None:
    socket = Unit("arcd-tls.socket")["Socket"]
    (listen,) = TlsSettings(certificate=Path("/etc/arcd/tls.pem")).listen
    assert int(socket["ListenStream"]) == listen.port
    assert socket["FileDescriptorName"] == "dc09-tls"
    assert socket["Service"] == "arcd.service"


def test_the_local_socket_is_where_arcctl_looks() -> None:
    socket = Unit("arcd-api.socket")["Socket"]
    assert Path(socket["ListenStream"]) == Settings().api.socket
    assert int(socket["SocketMode"], 8) == UNIX_SOCKET_MODE
    assert socket["FileDescriptorName"] == "api"
    assert socket["Service"] == "arcd.service"


def test_secrets_are_credentials_and_never_variables(service: Unit) -> None:
    credentials = dict(line.split(":", 1) for line in service.every("LoadCredential"))
    assert credentials == {"kek": "/etc/arcd/kek", "webhook-secret": "/etc/arcd/webhook-secret"}
    assert service.every("Environment") == ["BOOT_ID=%b"]
    assert service.every("EnvironmentFile") == []


def test_it_is_never_given_up_on(service: Unit) -> None:
    assert service["Service"]["Restart"] == "always"
    assert service["Unit"]["StartLimitIntervalSec"] == "0"
    assert service["Unit"]["OnFailure"] == "arcd-failure.service"
    for name in ("arcd.socket", "arcd-tls.socket", "arcd-api.socket"):
        assert Unit(name)["Socket"]["TriggerLimitIntervalSec"] == "0", "a call storm must not close the door"


def test_times_and_limits_fit_together(service: Unit) -> None:
    settings = Settings()
    assert int(service["Service"]["TimeoutStopSec"]) > 2 * STOP_TIMEOUT_S
    assert int(service["Service"]["LimitNOFILE"]) > settings.limits.connections_max + 1000
    assert int(service["Service"]["WatchdogSec"]) == 30


def test_the_caller_of_the_local_socket_stays_visible(service: Unit) -> None:
    """In a user namespace of its own the daemon would see every caller as uid 65534."""
    assert service.every("PrivateUsers") == []
