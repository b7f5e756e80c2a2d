"""Codes that mean what an installation has agreed on: pulse formats (3/1, 4/1, 4/2), Scancom and high-speed channels.

One rule: nothing is guessed. A code that the table does not name is kept as it was printed and raised; the table is the
administrator's, per line. Only the eight channels of the fast format have a meaning of their own, and those too can be
written otherwise.

    PulseRule(match="3*", scheme="sia", code="BA")      code 31 → burglary alarm of zone 1
    PulseRule(match="C*", scheme="sia", code="CL")      group C of a Sur-Gard line → closing by user …
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from protocols import contact_id, sia
from protocols.content import DecodedContent, opaque_signal
from protocols.event_codes import STANDARD, AddressKind
from protocols.signals import Qualifier, Scheme, Signal

CODE_CHARS_MAX: Final = 16  # the longest printed one is `AlarmEEsNNN` of the 7705ii; longer is kept as text only
PULSE: Final = "pulse"  # `Signal.code` of what is too long to be a code
FORMAT_KEY: Final = "format"  # extra: which form brought it

# Fast format: one digit for each of eight channels (Visonic and Cooper manuals, Ademco high speed alike).
CHANNEL_ALARM, CHANNEL_OPEN, CHANNEL_RESTORE, CHANNEL_CLOSE = "1", "2", "3", "4"
CHANNEL_SILENT: Final = frozenset("56 ")  # 5 normal, 6 reported before


class PulseRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`match` is the printed code without spaces; with a `*` at its end the rest of the code is the zone or user."""

    match: str
    scheme: Scheme
    code: str
    qualifier: Qualifier = Qualifier.NEW  # Contact ID only: a SIA code says it itself
    address: str = ""  # zone or user where the printed code has none

    def __post_init__(self) -> None:
        if not self.match or "*" in self.match[:-1] or len(self.match) > CODE_CHARS_MAX:
            raise ValueError(f"match {self.match!r}: write 1 to {CODE_CHARS_MAX} characters, a * only at the end")
        if self.scheme not in (Scheme.SIA, Scheme.CONTACT_ID):
            raise ValueError(f"match {self.match}: scheme must be sia or contact_id")
        if STANDARD.lookup(self.scheme, self.code) is None:
            raise ValueError(f"match {self.match}: {self.code!r} is no {self.scheme} code")


class PulseTable:
    """The longest match wins."""

    __slots__ = ("_exact", "_prefixes")

    def __init__(self, rules: tuple[PulseRule, ...] = ()) -> None:
        self._exact = {rule.match: rule for rule in rules if not rule.match.endswith("*")}
        prefixes = [rule for rule in rules if rule.match.endswith("*")]
        self._prefixes = sorted(prefixes, key=lambda rule: -len(rule.match))

    def signal(self, code: str) -> Signal | None:
        compact = code.replace(" ", "")
        rule, address = self._exact.get(compact), ""
        if rule is None:
            for prefix in self._prefixes:
                if compact.startswith(prefix.match[:-1]):
                    rule, address = prefix, compact[len(prefix.match) - 1 :]
                    break
            else:
                return None
        return meant(rule.scheme, rule.code, rule.qualifier, address or rule.address)


def meant(scheme: Scheme, code: str, qualifier: Qualifier, address: str) -> Signal:
    """A signal of a standard code, its number put where the code table says."""
    known = STANDARD.lookup(scheme, code)
    kind = known.address if known is not None else AddressKind.ZONE
    if scheme is Scheme.SIA:
        if kind is AddressKind.USER:
            return sia.signal(code, user=address or None)
        if kind is AddressKind.AREA:
            return sia.signal(code, area=address or None)
        return sia.signal(code, zone=address or None)
    found = contact_id.signal(code, qualifier)
    is_user = kind is AddressKind.USER
    return replace(found, zone=None if is_user else address or None, user=address or None if is_user else None)


def decode_pulse(code: str, *, account: str, form: str, table: PulseTable) -> DecodedContent:
    """One printed code. Not in the table: an OPAQUE signal whose code is the printed one, understood False."""
    extra = ((FORMAT_KEY, form), ("printed", code))
    signal = table.signal(code)
    if signal is not None:
        return DecodedContent(account=account, signals=(replace(signal, extra=extra),))
    compact = code.replace(" ", "")
    token = compact if 0 < len(compact) <= CODE_CHARS_MAX else PULSE
    kept = replace(opaque_signal(token, code), extra=((FORMAT_KEY, form),))
    return DecodedContent(account=account, signals=(kept,), remarks=("unknown_code",), understood=False)


class Channel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one channel of the fast format means, as SIA codes of its alarm and its restore."""

    alarm: str
    restore: str

    def __post_init__(self) -> None:
        for code in (self.alarm, self.restore):
            if code not in STANDARD.sia:
                raise ValueError(f"{code!r} is no SIA code")


# Visonic manual's defaults: fire, hold-up, intruder, open/close, alarm cancel, emergency, second alarm, trouble.
# "Second alarm" confirms the first (DC-03 BV); "emergency" is a personal one (QA).
CHANNELS: Final = (
    Channel(alarm="FA", restore="FR"),
    Channel(alarm="PA", restore="PR"),
    Channel(alarm="BA", restore="BR"),
    Channel(alarm="OP", restore="CL"),
    Channel(alarm="BC", restore="BR"),
    Channel(alarm="QA", restore="QR"),
    Channel(alarm="BV", restore="BR"),
    Channel(alarm="UT", restore="UJ"),
)
_OPEN, _CLOSE = "OP", "CL"


def decode_channels(
    digits: str, *, account: str, form: str, channels: tuple[Channel, ...] = CHANNELS
) -> DecodedContent:
    """Eight digits and the status digit behind them (15555555 5). What says nothing new gives one test report."""
    values, status = digits[:8], digits[8:].strip()
    signals = []
    for number, (value, channel) in enumerate(zip(values, channels, strict=False), start=1):
        if value in CHANNEL_SILENT:
            continue
        extra = ((FORMAT_KEY, form), ("channel", str(number)), ("value", value), ("status", status))
        code = {
            CHANNEL_ALARM: channel.alarm,
            CHANNEL_OPEN: _OPEN,
            CHANNEL_RESTORE: channel.restore,
            CHANNEL_CLOSE: _CLOSE,
        }.get(value)
        if code is None:
            signals.append(replace(opaque_signal(value, digits), zone=str(number), extra=extra))
        else:
            signals.append(replace(meant(Scheme.SIA, code, Qualifier.NEW, str(number)), extra=extra))
    if not signals:
        # Eight channels without news prove the way and say no more: what a test report does.
        return DecodedContent(
            account=account, signals=(replace(sia.signal("RP"), extra=((FORMAT_KEY, form), ("printed", digits))),)
        )
    understood = any(signal.scheme is not Scheme.OPAQUE for signal in signals)
    return DecodedContent(account=account, signals=tuple(signals), understood=understood)
