"""Outputs of Modbus devices: doors, gates, sirens, triggers of announcements.

One rule: an output is switched on at most once for one effect, and read back before anybody is told that it was. What
cannot be read back is unknown, which is an outcome of its own: a person finds out.

An effect that was under way when the daemon ended comes back `resumed`. Then nothing is switched on; a pulse that still
stands is ended, because a door must not stay open for a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from arcd.core.effects import DurableEffect, SwitchRelay
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed
from arcd.modbus_lines import BusLine, BusLines, LineError
from protocols.modbus_points import Block, Table

# A contact follows its coil within some 10 ms; a feedback that has not come by then does not come.
SETTLE_S = 0.2
READ_BACK_TIMES = 3
# Of a stop, for ending pulses: below the daemon's own limit for a clean stop.
STOP_S = 2.0
REMEMBERED_MAX = 1_000


class RelayEffector:
    """`now` is ns since 1970 UTC; `settle_s` is an argument for quick tests."""

    def __init__(self, *, lines: BusLines, now: Callable[[], int], settle_s: float = SETTLE_S) -> None:
        self._lines = lines
        self._now = now
        self._settle_s = settle_s
        self._performed: dict[str, Performed] = {}  # of this run, the newest: asked again, nothing is switched again

    at_once_max = 64  # a pulse is waited for until it ends: a siren's three minutes must not keep a door shut

    @property
    def name(self) -> str:
        return "relay"

    @property
    def handles(self) -> tuple[type, ...]:
        return (SwitchRelay,)

    async def perform(self, effect: DurableEffect) -> Performed:
        assert isinstance(effect, SwitchRelay)
        known = self._performed.get(effect.id)
        if known is not None:
            return known
        performed = await self._attempt(effect)
        self._performed[effect.id] = performed
        while len(self._performed) > REMEMBERED_MAX:
            del self._performed[next(iter(self._performed))]
        return performed

    async def _attempt(self, effect: SwitchRelay) -> Performed:
        line = self._lines.of(effect.device)
        if line is None:
            return _failed(f"no device {effect.device} in the settings")
        if effect.resumed:
            return await self._resume(line, effect)
        if not effect.on:
            return await self._switch_off(line, effect)
        if self._now() > effect.expires_at:
            return _failed("came too late, not switched")
        return await self._switch_on(line, effect)

    async def close(self) -> None:
        """The lines belong to whoever made them."""

    # ----------------------------------------------------------------------------------------------------------- on

    async def _switch_on(self, line: BusLine, effect: SwitchRelay) -> Performed:
        hindrance = await self._hindrance(line, effect)
        if hindrance is not None:
            return hindrance
        try:
            await line.write_coil(effect.device, effect.coil, on=True)
        except LineError as error:
            # Answered with an exception, or never sent: it was not switched. Else nobody knows, and a pulse that may
            # stand is ended.
            if error.is_answer or not error.was_sent:
                return _not_switched(error, "not switched")
            return await self._make_safe(line, effect, error.reason)
        except asyncio.CancelledError:
            await self._end_for_stop(line, effect)
            raise
        return await self._hold(line, effect)

    async def _hindrance(self, line: BusLine, effect: SwitchRelay) -> Performed | None:
        """Before anything is switched: the device answers, the output is at rest, and so are those it excludes.

        The core asks for no two outputs of a group at once; this catches what somebody else has switched on.
        """
        try:
            if await _is_on(line, effect.device, effect.coil):
                return _failed("it is on already, not switched")
            for device, coil in effect.excludes:
                other = self._lines.of(device)
                if other is None or await _is_on(other, device, coil):
                    return _failed("interlock: another one of its group is on, not switched")
        except LineError as error:
            return _not_switched(error, "before it was switched")
        if self._now() > effect.expires_at:
            return _failed("came too late, not switched")
        return None

    async def _hold(self, line: BusLine, effect: SwitchRelay) -> Performed:
        """Read back; and end a pulse when its time is up, also when the daemon is stopped meanwhile."""
        try:
            confirmed = await self._reads(line, effect, on=True)
            if effect.pulse_s is None:
                return Performed(
                    outcome=EffectOutcome.DELIVERED if confirmed else EffectOutcome.UNKNOWN,
                    detail="on, read back" if confirmed else "switched on, and does not read so",
                )
            await asyncio.sleep(effect.pulse_s)
        except LineError as error:
            return await self._make_safe(line, effect, f"{error.reason} after it was switched on")
        except asyncio.CancelledError:
            await self._end_for_stop(line, effect)
            raise
        try:
            ended = await self._write_off(line, effect)
        except asyncio.CancelledError:
            await self._end_for_stop(line, effect)
            raise
        if confirmed and ended:
            return Performed(
                outcome=EffectOutcome.DELIVERED, detail=f"on for {effect.pulse_s:g} s, read back on and off"
            )
        which = "on" if not confirmed else "off"
        return Performed(outcome=EffectOutcome.UNKNOWN, detail=f"switched, and does not read {which}")

    # ---------------------------------------------------------------------------------------------------------- off

    async def _switch_off(self, line: BusLine, effect: SwitchRelay) -> Performed:
        """Off is the safe side: it may come late, and more than once."""
        if await self._write_off(line, effect):
            return Performed(outcome=EffectOutcome.DELIVERED, detail="off, read back")
        return Performed(outcome=EffectOutcome.UNKNOWN, detail="switched off, and does not read so or does not answer")

    async def _write_off(self, line: BusLine, effect: SwitchRelay) -> bool:
        """True when it reads off. A bus that stumbles once must not leave a door open."""
        for _ in range(READ_BACK_TIMES):
            try:
                await line.write_coil(effect.device, effect.coil, on=False)
                if await self._reads(line, effect, on=False):
                    return True
            except LineError:
                await asyncio.sleep(self._settle_s)
        return False

    async def _make_safe(self, line: BusLine, effect: SwitchRelay, reason: str) -> Performed:
        """Nobody knows whether it is on. Either way it shall not stay on."""
        ended = await self._write_off(line, effect)
        state = "now off" if ended else "and it could not be switched off"
        return Performed(outcome=EffectOutcome.UNKNOWN, detail=f"{reason}; it may have been on, {state}")

    async def _resume(self, line: BusLine, effect: SwitchRelay) -> Performed:
        """The daemon ended while this was under way: nobody knows how far it came."""
        if not effect.on:
            return await self._switch_off(line, effect)
        try:
            was_on = await _is_on(line, effect.device, effect.coil)
        except LineError as error:
            return await self._make_safe(line, effect, f"interrupted, {error.reason}")
        if was_on and effect.pulse_s is None:
            return Performed(outcome=EffectOutcome.DELIVERED, detail="on, read back after a restart")
        if was_on:
            ended = await self._write_off(line, effect)
            state = "ended now" if ended else "and it could not be ended"
            return Performed(outcome=EffectOutcome.UNKNOWN, detail=f"interrupted: the pulse still stood, {state}")
        return Performed(outcome=EffectOutcome.UNKNOWN, detail="interrupted: it is off, it may have been on")

    async def _end_for_stop(self, line: BusLine, effect: SwitchRelay) -> None:
        """The daemon is being stopped: a pulse ends now, and the next start says that nobody knows. One that was to
        stay on, stays on."""
        if effect.pulse_s is None:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await self._write_off(line, effect)
        except TimeoutError:
            return

    # ---------------------------------------------------------------------------------------------------- reading back

    async def _reads(self, line: BusLine, effect: SwitchRelay, *, on: bool) -> bool:
        """The feedback contact where there is one, else the coil: a few looks, since contacts take their time."""
        for look in range(READ_BACK_TIMES):
            if look:
                await asyncio.sleep(self._settle_s / (READ_BACK_TIMES - 1))
            if await _is_on(line, effect.device, effect.coil) != on:
                continue
            if effect.feedback is None:
                return True
            block = Block(table=Table.DISCRETE_INPUT, address=effect.feedback, count=1)
            if bool((await line.read(effect.device, block))[0]) == on:
                return True
        return False


async def _is_on(line: BusLine, device: str, coil: int) -> bool:
    return bool((await line.read(device, Block(table=Table.COIL, address=coil, count=1)))[0])


def _not_switched(error: LineError, when: str) -> Performed:
    outcome = EffectOutcome.REFUSED if error.is_for_good else EffectOutcome.FAILED
    return Performed(outcome=outcome, detail=f"{error.reason}, {when}")


def _failed(detail: str) -> Performed:
    """Surely not switched."""
    return Performed(outcome=EffectOutcome.FAILED, detail=detail)
