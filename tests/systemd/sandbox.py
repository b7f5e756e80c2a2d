"""Becomes the service as the unit would have it, without systemd: mounts, user, capabilities, limits, seccomp filters.

    python -m tests.systemd.sandbox SPEC.json …         as root; what follows is ignored: the unit says what is run

What the unit says is read from the unit, so a line that is changed there is changed here. `APPLIED` are those put
into effect with the means systemd uses itself; `NOT_APPLIED` are those that cannot be, and why; there is no third kind
(`test_sandbox`). Sets of system calls are systemd's own (`systemd-analyze syscall-filter`).

One rule: everything happens in a mount namespace of its own, and nothing of it is left when the process has ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import stat
import sys
from grp import getgrnam
from pathlib import Path
from typing import Any

from tests.systemd.seccomp import allowed_calls, filter_calls
from tests.systemd.unit import ROOT, Unit

APPLIED = frozenset((
    "Type", "NotifyAccess", "ExecStart", "WatchdogSec", "User", "Group", "UMask", "SupplementaryGroups",
    "StateDirectory", "StateDirectoryMode", "LoadCredential", "Environment", "NoNewPrivileges",
    "CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices",
    "PrivateMounts", "ProtectProc", "ProcSubset", "ProtectKernelTunables", "ProtectKernelModules",
    "ProtectKernelLogs", "ProtectControlGroups", "ProtectHostname", "ProtectClock", "RestrictNamespaces",
    "RestrictRealtime", "RestrictSUIDSGID", "RestrictAddressFamilies", "LockPersonality", "MemoryDenyWriteExecute",
    "SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber", "LimitCORE", "LimitNOFILE", "Sockets",
    "ReadWritePaths", "TimeoutStopSec",
))  # fmt: skip
NOT_APPLIED = {
    "ExecReload": "a signal; tests/e2e/test_tls.py sends it",
    "TimeoutStartSec": "the service manager's own clock",
    "Restart": "the service manager restarts; tests/faults does in its place",
    "RestartSec": "as Restart",
    "RemoveIPC": "done by the service manager after the end; arcd makes no IPC objects",
    "OOMScoreAdjust": "a weight, no wall",
    "CPUWeight": "cgroup: a weight, no wall",
    "IOWeight": "cgroup: a weight, no wall",
    "LogRateLimitIntervalSec": "of journald",
    "DevicePolicy": "cgroup: needs the service manager's",
    "DeviceAllow": "cgroup: needs the service manager's",
}
USER = GROUP = 64_998  # belongs to nobody else; systemd-sysusers takes a number below 1000
STATE, ETC, CREDENTIALS = Path("/var/lib/arcd"), Path("/etc/arcd"), Path("/run/credentials/arcd.service")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

# <sched.h>, <sys/mount.h>, <sys/prctl.h>
CLONE_NEWNS, CLONE_NEWUTS = 0x20000, 0x4000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    unit = Unit("arcd.service", *spec["drop_ins"])
    service = unit["Service"]
    allowed = allowed_calls(unit.every("SystemCallFilter"))  # while there is a systemd-analyze to ask
    last_capability = int(Path("/proc/sys/kernel/cap_last_cap").read_text("ascii"))
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip().replace("-", "")
    _mounts(unit, spec)
    os.umask(int(service["UMask"], 8))
    _limit("CORE", int(service["LimitCORE"]))
    _limit("NOFILE", int(service["LimitNOFILE"]))
    _become_nobody_special(unit, last_capability)
    filter_calls(unit, allowed)
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "CREDENTIALS_DIRECTORY": str(CREDENTIALS),
        "STATE_DIRECTORY": str(STATE),
        "NOTIFY_SOCKET": spec["notify"],
        "WATCHDOG_USEC": str(int(service["WatchdogSec"]) * 1_000_000),
        "WATCHDOG_PID": str(os.getpid()),
        **{name: value for name, value in os.environ.items() if name.startswith("LISTEN_")},
    }
    environment |= dict(line.replace("%b", boot_id).split("=", 1) for line in unit.every("Environment"))
    command = spec["command"] or service["ExecStart"].split()
    os.execve(command[0], command, environment)


def _called(result: int, what: str) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


# -------------------------------------------------------------------------------------------------------------- mounts


def _mount(kind: str, source: str, target: Path, flags: int = 0, options: str = "") -> None:
    called = _libc.mount(source.encode(), str(target).encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _called(called, f"mount {source} on {target}")


class _Held:
    """A directory that stays reachable when something is mounted over it."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._descriptor = os.open(path, os.O_PATH)

    def bind(self, target: Path | None = None) -> None:
        target = target or self.path
        target.mkdir(parents=True, exist_ok=True)
        _mount("", f"/proc/self/fd/{self._descriptor}", target, MS_BIND | MS_REC)

    def close(self) -> None:
        os.close(self._descriptor)


def _mounts(unit: Unit, spec: dict[str, Any]) -> None:
    service = unit["Service"]
    _called(_libc.unshare(CLONE_NEWNS | CLONE_NEWUTS), "unshare")  # PrivateMounts=, ProtectHostname=
    _mount("", "none", Path("/"), MS_REC | MS_PRIVATE)
    state, etc, environment = _Held(spec["state"]), _Held(spec["etc"]), _Held(sys.prefix)
    readable = [_Held(path) for path in dict.fromkeys((str(ROOT), sys.base_prefix, sys.prefix))]
    writable = [_Held(path) for path in unit.every("ReadWritePaths")]
    assert (service["ProtectHome"], service["PrivateTmp"]) == ("yes", "yes")
    for name in ("home", "root", "tmp", "var/tmp", "run"):
        mode = "1777" if name.endswith("tmp") else "0755"
        _mount("tmpfs", "tmpfs", Path("/", name), MS_NOSUID | MS_NODEV, f"mode={mode}")
    for name in ("etc", "opt", "var/lib"):  # where the administrator makes directories
        upper, work = Path("/run/made", name, "upper"), Path("/run/made", name, "work")
        for each in (upper, work):
            each.mkdir(parents=True)
        _mount("overlay", "overlay", Path("/", name), 0, f"lowerdir=/{name},upperdir={upper},workdir={work}")
    for held in (*readable, *writable):
        held.bind()
    environment.bind(Path("/opt/arcd"))
    etc.bind(ETC)
    state.bind(STATE)
    os.chown(STATE, USER, GROUP)
    STATE.chmod(int(service["StateDirectoryMode"], 8))
    _credentials(unit)
    if service["PrivateDevices"] == "yes":
        _devices()
    assert (service["ProtectProc"], service["ProcSubset"]) == ("invisible", "pid")
    _mount("proc", "proc", Path("/proc"), MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible,subset=pid")
    assert service["ProtectSystem"] == "strict"
    _attributes(Path("/"), AT_RECURSIVE, make=MOUNT_ATTR_RDONLY)
    for path in (STATE, Path("/tmp"), Path("/var/tmp"), *(held.path for held in writable)):
        _attributes(path, 0, clear=MOUNT_ATTR_RDONLY)


def _attributes(path: Path, flags: int, *, make: int = 0, clear: int = 0) -> None:
    wanted = (ctypes.c_uint64 * 4)(make, clear, 0, 0)  # struct mount_attr
    called = _libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, str(path).encode(), flags, ctypes.byref(wanted), 32)
    _called(called, f"attributes of {path}")


def _credentials(unit: Unit) -> None:
    CREDENTIALS.mkdir(parents=True)
    for line in unit.every("LoadCredential"):
        name, _, source = line.partition(":")
        copy = CREDENTIALS / name
        copy.write_bytes(Path(source).read_bytes())
        copy.chmod(0o400)
        os.chown(copy, USER, GROUP)
    CREDENTIALS.chmod(0o500)
    os.chown(CREDENTIALS, USER, GROUP)


def _devices() -> None:
    numbers = {name: os.stat(f"/dev/{name}").st_rdev for name in DEVICES}
    _mount("tmpfs", "tmpfs", Path("/dev"), MS_NOSUID | MS_NOEXEC, "mode=0755")
    mask = os.umask(0)
    for name, number in numbers.items():
        os.mknod(f"/dev/{name}", 0o666 | stat.S_IFCHR, number)
    os.umask(mask)


# ------------------------------------------------------------------------------------------------------------ identity


def _limit(name: str, value: int) -> None:
    """As far as whoever started us may: a machine without systemd may have a lower ceiling."""
    number = getattr(resource, f"RLIMIT_{name}")
    _, ceiling = resource.getrlimit(number)
    value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
    resource.setrlimit(number, (value, value))


def _become_nobody_special(unit: Unit, last_capability: int) -> None:
    """User=, Group=, no capability that could ever come back, no new privileges."""
    assert unit["Service"]["CapabilityBoundingSet"] == unit["Service"]["AmbientCapabilities"] == ""
    for capability in range(last_capability + 1):
        _called(_libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), f"capability {capability}")
    _called(_libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient capabilities")
    os.setgroups([getgrnam(name).gr_gid for name in unit.every("SupplementaryGroups")])
    os.setresgid(GROUP, GROUP, GROUP)
    os.setresuid(USER, USER, USER)
    assert unit["Service"]["NoNewPrivileges"] == "yes"
    _called(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


if __name__ == "__main__":
    main()
