"""The unit's lines about system calls as seccomp filters, by the library that systemd itself uses for them.

Several filters are loaded, as systemd does; the strictest answer counts. Bodies of filters: systemd.exec(5).
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Iterable, Sequence

from tests.systemd.unit import Unit

# <sched.h>, <sys/mman.h>, <sys/shm.h>, <seccomp.h>
NAMESPACE_FLAGS = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80)
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
SUID, SGID = 0o4000, 0o2000
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NOT_EQUAL, EQUAL, GREATER, MASKED_EQUAL = 1, 4, 6, 7
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
FAMILIES_MAX = 64
REALTIME_POLICIES = (1, 2, 6)  # FIFO, RR, DEADLINE


class _Comparison(ctypes.Structure):
    """struct scmp_arg_cmp."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class _Filter:
    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(otherwise)))
        assert self._context

    def add(self, action: int, call: str, *comparison: int) -> None:
        """A call of this machine; `comparison`: argument, operation, and one or two values. Unknown names: none."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        compared = (_Comparison * 1)(_Comparison(*comparison))
        added = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(comparison) > 0, compared
        )
        assert added == 0, (call, added)

    def load(self) -> None:
        loaded = self._library.seccomp_load(self._context)
        assert loaded == 0, loaded
        self._library.seccomp_release(self._context)


def allowed_calls(lines: Iterable[str]) -> set[str]:
    """SystemCallFilter=: what one line allows, a later one with a tilde takes away again."""
    allowed: set[str] = set()
    for line in lines:
        names = _members(line.removeprefix("~").split())
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


def _members(names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        if name.startswith("@"):
            told = subprocess.run(
                ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
            ).stdout.splitlines()
            inner = [line.strip() for line in told[1:] if line.strip() and not line.strip().startswith("#")]
            found |= _members(inner)
        else:
            found.add(name)
    return found


def filter_calls(unit: Unit, allowed: set[str]) -> None:
    """The last step before the program: from here on the lines about system calls hold."""
    service = unit["Service"]
    yes = ("ProtectHostname", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality",
           "MemoryDenyWriteExecute")  # fmt: skip
    assert all(service[name] == "yes" for name in yes)
    assert service["SystemCallArchitectures"] == "native"  # what the library does with every filter
    assert service["SystemCallErrorNumber"] == "EPERM"
    arguments = _Filter(ALLOW)
    for call in ("sethostname", "setdomainname", "unshare", "setns"):
        arguments.add(ERRNO | EPERM, call)
    for flag in NAMESPACE_FLAGS:
        arguments.add(ERRNO | EPERM, "clone", 0, MASKED_EQUAL, flag, flag)
    arguments.add(ERRNO | ENOSYS, "clone3")  # its flags cannot be seen; callers fall back to clone
    for policy in REALTIME_POLICIES:
        arguments.add(ERRNO | EPERM, "sched_setscheduler", 1, EQUAL, policy)
    for call, argument in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mknod", 1), ("mkdir", 1), ("mkdirat", 2)):
        for bit in (SUID, SGID):
            arguments.add(ERRNO | EPERM, call, argument, MASKED_EQUAL, bit, bit)
    arguments.add(ERRNO | EPERM, "personality", 0, NOT_EQUAL, 0)
    arguments.add(ERRNO | EPERM, "mmap", 2, MASKED_EQUAL, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC)
    for call in ("mprotect", "pkey_mprotect"):
        arguments.add(ERRNO | EPERM, call, 2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC)
    arguments.add(ERRNO | EPERM, "shmat", 2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC)
    permitted = {FAMILIES[name] for name in service["RestrictAddressFamilies"].split()}
    for family in set(range(FAMILIES_MAX)) - permitted:
        arguments.add(ERRNO | EAFNOSUPPORT, "socket", 0, EQUAL, family)
    arguments.add(ERRNO | EAFNOSUPPORT, "socket", 0, GREATER, FAMILIES_MAX - 1)
    arguments.load()
    calls = _Filter(ERRNO | EPERM)
    for call in sorted(allowed):
        calls.add(ALLOW, call)
    calls.load()
