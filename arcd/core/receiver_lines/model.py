"""What is remembered per line."""

from __future__ import annotations

from msgspec import Struct

from arcd.core.facts.receiver_lines import LineFault, LineSetUp


class LineState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    set_up: LineSetUp
    last_heard: int = 0
    fault: LineFault | None = None  # of the port
    fault_since: int = 0
    silent_since: int = 0  # 0: it is not silent, or nothing can be said while its port is gone
    beats: int = 0  # consecutive messages since it fell silent: one may be chance
    last_frame: str = ""  # fingerprint of the newest frame that was not a heartbeat

    @property
    def said(self) -> str:
        """ "well", "silent", or the fault of its port."""
        return self.fault.value if self.fault is not None else "silent" if self.silent_since else "well"

    @property
    def is_well(self) -> bool:
        return self.fault is None and not self.silent_since
