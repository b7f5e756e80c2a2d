"""Becomes another program, with what systemd would have given it: listening sockets, a limit on file sizes.

    python -m tests.launch FILE_BYTES_MAX NAME=DESCRIPTOR … -- PROGRAM ARGUMENT …

The limit stands in for a full disk: a write beyond it fails as one to a full file system does. 0 is no limit.
Sockets get the numbers from 3 on and are named as sd_listen_fds(3) has it; LISTEN_PID must be the pid of the program
itself, which is why this is a program and not an environment.
"""

from __future__ import annotations

import fcntl
import os
import resource
import sys

LISTEN_FDS_START = 3  # sd_listen_fds(3)
_OUT_OF_THE_WAY = 100


def main() -> None:
    split = sys.argv.index("--")
    file_bytes_max, named, program = int(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1 :]
    environment = dict(os.environ)
    if named:
        names, numbers = zip(*(each.split("=") for each in named), strict=True)
        # First away from where they are going, so that none is overwritten before it has moved.
        moved = [fcntl.fcntl(int(number), fcntl.F_DUPFD, _OUT_OF_THE_WAY) for number in numbers]
        for place, descriptor in enumerate(moved, start=LISTEN_FDS_START):
            os.dup2(descriptor, place, inheritable=True)
            os.close(descriptor)
        environment.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=":".join(names))
    if file_bytes_max:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, file_bytes_max))
    os.execve(program[0], program, environment)


if __name__ == "__main__":
    main()
