"""A panel: says what happens at its site, keeps at it until it is acknowledged, and then forgets.

One rule: it believes what it reads. An ACK makes it forget, a NAK makes it set its clock, silence makes it try again
with the same bytes, for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from arcd.core.site import Site
from protocols.codec import ReplyKind
from protocols.dc09 import Dialler
from protocols.dc09.timestamp import format_timestamp
from protocols.secrets import WireKey
from tests.sim.scene import NS
from tests.sim.truth import Happening, Message

if TYPE_CHECKING:
    from tests.sim.process import Line, Process
    from tests.sim.world import World

RETRY_S = (4.0, 8.0)
TRIES_IN_A_ROW = 4
PAUSE_S = (30.0, 120.0)


class Panel:
    def __init__(self, world: World, number: str, *, key: WireKey | None, site: Site) -> None:
        self.world = world
        self.number = number
        self.site = site
        self.queue: deque[Message] = deque()
        self.messages: dict[int, Message] = {}  # by sequence number
        self._dialler = Dialler(account=number, key=key)
        self._is_sealing = key is not None
        self._sequence = world.rng.randrange(1, 5000)
        self._offset_ns = int(world.rng.uniform(-3.0, 3.0) * NS)
        self._line: tuple[int, Line] | None = None
        self._peer = f"192.0.2.{len(number) + int(number) % 200}:40001"
        self._tries = 0
        self._attempt = 0
        self._cuts = 0
        self.heard_at = 0  # true time at which the centre last had a frame of ours
        self.changed_at = 0  # true time at which the path was last cut or mended

    # ----------------------------------------------------------------------------------------------------- what happens

    def report(self, code: str, *, zone: str, happening: Happening | None = None, area: str = "1") -> Happening:
        """Something happens here and now; told as soon as what came before it has been acknowledged."""
        happening = happening or Happening(site_id=self.site.id, code=code, zone=zone, at=self.world.time)
        self._sequence += 1
        extended: Sequence[str] = ()
        if len(self.site.systems[0].accounts) > 1:
            extended = (f"H{format_timestamp(self.world.began_at + happening.at).decode()}",)
        message = Message(
            happening=happening, account=self.number, sequence=self._sequence, code=code,
            data=f"Nri{area}/{code}{zone}", extended=tuple(extended),
        )  # fmt: skip
        happening.messages.append(message)
        self.messages[message.sequence] = message
        self.world.oracle.happened(message)
        self.queue.append(message)
        if self.world.is_told:
            self.world.tell(f"{self.number} has {message.data} to say, number {message.sequence}")
        if len(self.queue) == 1:
            self._tell()
        return happening

    def poll(self) -> None:
        """A link test between the messages; nobody waits for its reply."""
        data = self._dialler.null(sequence=0, now=self._now(), pad=bytes)
        self.world.network.to_centre(self, data)

    def poll_for_ever(self, every_s: float) -> None:
        self.world.after(self.world.rng.uniform(0.0, every_s), self._poll_again, every_s)

    def _poll_again(self, every_s: float) -> None:
        self.poll()
        self.world.after(every_s, self._poll_again, every_s)

    @property
    def is_cut(self) -> bool:
        return self._cuts > 0

    def cut(self, is_cut: bool) -> None:
        if not self.world.is_calm:
            self._cuts += 1 if is_cut else -1
            self.changed_at = self.world.time

    def hurry(self) -> None:
        """Everything works again, and it knows."""
        if self._cuts:
            self._cuts, self.changed_at = 0, self.world.time
        if self.queue:
            self._tries = 0
            self._tell()

    # --------------------------------------------------------------------------------------------------------- the wire

    def _now(self) -> int:
        return self.world.true_now() + self._offset_ns

    def _tell(self) -> None:
        message = self.queue[0]
        if not message.frame:
            now = self._now()
            message.sealed = format_timestamp(now) if self._is_sealing else b""
            message.frame = self._dialler.sia_dcs(
                message.data, sequence=message.sequence, now=now, pad=bytes, extended=message.extended
            )
        self._attempt += 1
        self._tries += 1
        self.world.network.to_centre(self, message.frame)
        rng = self.world.rng
        wait_s = rng.uniform(*RETRY_S)
        if self._tries % TRIES_IN_A_ROW == 0 and not self.world.is_calm:
            wait_s = rng.uniform(*PAUSE_S)
        self.world.after(wait_s, self._not_heard, self._attempt)

    def _not_heard(self, attempt: int) -> None:
        if attempt == self._attempt and self.queue:
            self._line = None  # whoever hears nothing hangs up and dials again
            self._tell()

    def line_to(self, process: Process) -> Line:
        life = self.world.lives
        if self._line is None or self._line[0] != life:
            self._line = life, process.connect(self._peer, self._answered)
        return self._line[1]

    def _answered(self, data: bytes) -> None:
        self.world.network.to_panel(self, data)

    def hear(self, data: bytes) -> None:
        reply = self._dialler.read_reply(data, self._now())
        if reply is None or not self.queue:
            return
        message = self.queue[0]
        if reply.kind is ReplyKind.NAK:
            if reply.clock_offset_s is not None:
                self._offset_ns += int(reply.clock_offset_s * NS)
            message.frame = b""  # under the same number, with the time as it is now
            return
        if not reply.sequence.isdecimal() or int(reply.sequence) != message.sequence:
            return
        assert reply.kind is ReplyKind.ACK, f"{self.number} was told {reply.kind.value} to a genuine message"
        self.world.oracle.acknowledged(message)
        self.queue.popleft()
        self._tries = 0
        if self.queue:
            self._tell()
