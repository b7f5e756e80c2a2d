"""`python -m tests.shift`: play the shift and print its list of cases."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.shift.playing import play

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        sys.stdout.write(play(Path(directory)).table)
