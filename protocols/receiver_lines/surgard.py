"""Sur-Gard receivers (MLR2, MLR2000, System II, III, 5, SLR) and the many devices that print like them.

    5011 181234E13101015␔            Contact ID: 5, receiver 01, line 1, 18, account, E R P or 1 3 6, code, area, zone
    S01002[#1234|NBA01]␔              SIA (protocol 2): the blocks of DC-03
    3011    001234BA0001␔             SIA (protocol 1)
    1011      0012 C1128␔             pulse 3/1, 4/1, 4/2: account, group, code
    80110011234 1555 5555 5␔          high speed and Scancom: eight channels and a status digit
    1011           @    ␔             heartbeat
    0011[#0000|NYK01]␔                the receiver's own status
                                     ␔ is DC4 (14h); there is no check value, the serial line's parity is all there is.

One rule: forms are told apart by what is printed, and the dialect decides only what the print leaves open. Sources:
the "automation output form" of the MLR2-E, MLR2-DG, System III and System 5 manuals unless another one is named.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from protocols import contact_id, sia
from protocols.codec import Malformed, Received, WireItem
from protocols.content import DecodedContent, opaque_signal
from protocols.receiver_lines.cutting import Line, LineCutter
from protocols.receiver_lines.line_codec import (
    GLUED,
    HEADER_DIGITS,
    SILENT,
    LineCodec,
    LineReplies,
    own_heartbeat,
    own_status,
    relayed,
    text_of,
    unread,
)
from protocols.receiver_lines.pulse import CHANNELS, Channel, PulseRule, PulseTable, decode_channels, decode_pulse
from protocols.signals import Qualifier, Scheme, Signal

PROTOCOL: Final = "surgard"
DC4: Final = b"\x14"
TEXT_ACK: Final = b"ACK\r\n"  # bezuglyy/ipro_surgard waits for it in place of 06

HEARTBEAT_PERIOD_S: Final = 30.0  # MLR2-E: about 30 s; option 0 (off) to 99
REPLY_WITHIN_S: Final = 4.0  # MLR2-E: no answer within it, and the message is sent again, four times in all

_HEADER = "[0-9A-Za-z]"  # receiver and line; a line above 9 may be a letter (Bosch D6500 manual)
_HEX = "[0-9A-Fa-f]"
# The account takes what the nine digits of the event leave: four on MLR2, up to six on System III; sg3des prints the
# same with an E, an R or a digit. Spaces stand where a receiver pads.
_CONTACT_ID = re.compile(
    rf"5({_HEADER}{{2,9}}) *18 *({_HEX}{{3,16}}?)([ERP136])({_HEX}{{3}})({_HEX}{{2}})({_HEX}{{3}}) *"
)
_SIA_BLOCKS = re.compile(rf"S({_HEADER}{{2,9}})\[(.*)\] *", re.DOTALL)
_SIA_FLAT = re.compile(rf"3({_HEADER}{{2,9}}) +({_HEX}{{1,6}})([A-Z]{{2}})([0-9A-F ]{{0,4}})")
_PULSE = re.compile(rf"1({_HEADER}{{2,9}}) +({_HEX}{{3,6}}) *(.*)", re.DOTALL)
_HEARTBEAT = re.compile(rf"1({_HEADER}{{2,9}}) *@ *")
_STATUS = re.compile(rf"0({_HEADER}{{2,9}})\[(.*)\] *", re.DOTALL)
_CHANNELS = re.compile(rf"8({_HEADER}{{2,9}}?)( *)({_HEX}{{4,6}}) ([0-9 ]{{4}}) ([0-9 ]{{4}}) ([0-9 ]) *")
# 6 BFSK, C FSK2, J FBI superfast, and T V L N Y s of the option tables: named there, their data is not described.
_OTHER = re.compile(rf"([6CJTVLNYs])({_HEADER}{{2,9}}) +({_HEX}{{3,16}})(?: +(.*))?", re.DOTALL)
# Copies of one message with a single end behind them, as written by receivers on the network: header, space, 18.
_GLUED = re.compile(rf"5{_HEADER}{{2,9}} +18{_HEX}{{4}}[ERP136]{_HEX}{{8}} *")
_EVENT = re.compile(r"(.)(.{3}) (..) [CU]?(.{3})")

_Q_LETTERS: Final = {Qualifier.NEW: "E", Qualifier.RESTORE: "R", Qualifier.STATUS: "P"}
_Q_DIGITS: Final = {Qualifier.NEW: "1", Qualifier.RESTORE: "3", Qualifier.STATUS: "6"}


class SurGardDialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one receiver is set up. The default is an MLR2; `SYSTEM` a System II, III or 5 and an MLR2000."""

    receiver_digits: int = 2  # RR; options of MLR2 give 3 to 9 digits for receiver and line together
    line_digits: int = 1  # L, or LLL on System and MLR2000
    # VisorALARM (manual p72): accounts of more than four digits spill into the line field; the last ones of the line
    # that belong to the account. Single source.
    account_digits_in_line: int = 0
    closing: str = "\x14"
    writes_digits: bool = False  # 1 3 6 in place of E R P when we write
    text_ack: bool = False
    heartbeat_period_s: float = HEARTBEAT_PERIOD_S
    pulse_rules: tuple[PulseRule, ...] = ()
    channels: tuple[Channel, ...] = CHANNELS

    def __post_init__(self) -> None:
        if not (1 <= self.receiver_digits <= 6 and 0 <= self.line_digits <= 6 and 2 <= self._header_digits() <= 9):
            raise ValueError("receiver_digits and line_digits: 2 to 9 digits together, at most 6 each")
        if not 0 <= self.account_digits_in_line <= self.line_digits:
            raise ValueError(f"account_digits_in_line: at most the {self.line_digits} digits of the line")
        if len(self.closing) != 1 or self.closing > "\x1f":
            raise ValueError("closing: one control character, 14h on every Sur-Gard receiver")

    def _header_digits(self) -> int:
        return self.receiver_digits + self.line_digits


MLR2: Final = SurGardDialect()
SYSTEM: Final = SurGardDialect(line_digits=3)


class SurGardCodec(LineCodec):
    def __init__(self, dialect: SurGardDialect = MLR2) -> None:
        self.dialect = dialect
        self._table = PulseTable(dialect.pulse_rules)
        # CR and LF behind the DC4 are swallowed: some TCP converters add them.
        cutter = LineCutter(PROTOCOL, closing=dialect.closing.encode())
        super().__init__(cutter, self._read_line, LineReplies(ack=TEXT_ACK if dialect.text_ack else b"\x06"))

    def _read_line(self, line: Line) -> list[WireItem]:
        text, remarks = text_of(line.body)
        whole = self._read_form(line, text, remarks)
        if whole is not None:
            return [whole]
        return self._read_glued(text, remarks) or [unread(PROTOCOL, line)]

    def _read_glued(self, text: str, remarks: tuple[str, ...]) -> list[WireItem]:
        """Messages that came with one end for all: six copies of one were seen behind an EBS OSM, whose receiver had
        not been answered. Noise in front of the first is cut off the same way. Nothing if that is not what it is."""
        pieces, at = list[str](), 0
        while (found := _GLUED.search(text, at)) is not None and (not pieces or found.start() == at):
            pieces.append(found[0])
            at = found.end()
        if not pieces or at < len(text):
            return []
        items: list[WireItem] = []
        if noise := text[: at - sum(map(len, pieces))]:
            raw = noise.encode("cp1252", "replace")
            items.append(Malformed(protocol=PROTOCOL, reason="noise", detail="characters before a message", raw=raw))
        for number, piece in enumerate(pieces, start=1):
            body = piece.encode("ascii")
            read = self._read_form(Line(body, body), piece, (*remarks, GLUED) if len(pieces) > 1 else remarks)
            assert isinstance(read, Received), piece
            items.append(read if number == len(pieces) else replace(read, reply_context=SILENT))
        return items

    def _read_form(self, line: Line, text: str, remarks: tuple[str, ...]) -> WireItem | None:
        form = text[:1]
        if form == "5" and (found := _CONTACT_ID.fullmatch(text)):
            header, account, *event = found.groups()
            content = contact_id.decode_text("".join(event), account=account)
            return self._relayed(form, line, header, content, remarks)
        if form == "S" and (found := _SIA_BLOCKS.fullmatch(text)):
            return self._relayed(form, line, found[1], sia.decode_blocks(found[2], account=""), remarks)
        if form == "3" and (found := _SIA_FLAT.fullmatch(text)):
            content = sia.decode_blocks(f"N{found[3]}{found[4].strip()}", account=found[2])
            return self._relayed(form, line, found[1], content, remarks)
        if form == "1" and (found := _HEARTBEAT.fullmatch(text)):
            receiver, number, more = self._split(found[1])
            return own_heartbeat(PROTOCOL, line, receiver=receiver, number=number, remarks=(*remarks, *more))
        if form == "1" and (found := _PULSE.fullmatch(text)) and found[3]:
            content = decode_pulse(found[3], account=found[2], form="pulse", table=self._table)
            return self._relayed(form, line, found[1], content, remarks)
        if form == "0" and (found := _STATUS.fullmatch(text)):
            return self._status(line, found[1], found[2], remarks)
        if form == "8" and (found := _CHANNELS.fullmatch(text)):
            return self._channels(line, found, remarks)
        if found := _OTHER.fullmatch(text):
            kept = opaque_signal(form, found[4] or text)
            content = DecodedContent(account=found[3], signals=(kept,), remarks=("not_understood",), understood=False)
            return self._relayed(form, line, found[2], content, remarks)
        return None

    def _relayed(
        self, form: str, line: Line, header: str, content: DecodedContent, remarks: tuple[str, ...]
    ) -> WireItem:
        receiver, number, more = self._split(header)
        spilled = self.dialect.account_digits_in_line
        if spilled and number is not None and content.account:
            content = replace(content, account=number[-spilled:].lstrip("0") + content.account)
            number = number[:-spilled] or None
        return relayed(
            PROTOCOL, form, line, content, receiver=receiver, number=number, remarks=(*remarks, *more)
        )  # fmt: skip

    def _split(self, header: str) -> tuple[str, str | None, tuple[str, ...]]:
        """Receiver and line out of their digits. Another width than agreed is read as far as it goes, and remarked."""
        width = self.dialect.receiver_digits
        as_agreed = len(header) == width + self.dialect.line_digits
        return header[:width], header[width:] or None, () if as_agreed else (HEADER_DIGITS,)

    def _status(self, line: Line, header: str, data: str, remarks: tuple[str, ...]) -> WireItem:
        receiver, number, more = self._split(header)
        content = sia.decode_blocks(data, account="")
        return own_status(
            PROTOCOL, line, content.signals, receiver=receiver, number=number,
            remarks=(*remarks, *more, *content.remarks),
        )  # fmt: skip

    def _channels(self, line: Line, found: re.Match[str], remarks: tuple[str, ...]) -> WireItem:
        """Header and account stand together, so here the dialect's widths decide."""
        header, gap, account, *values = found.groups()
        width = self.dialect.receiver_digits + self.dialect.line_digits
        if not gap and len(header + account) >= width + 4:
            header, account = (header + account)[:width], (header + account)[width:]
        content = decode_channels("".join(values), account=account, form="high_speed", channels=self.dialect.channels)
        return self._relayed("8", line, header, content, remarks)


# ---------------------------------------------------------------------------------------------------------- writing


def encode_line(
    signal: Signal, *, account: str, receiver: str = "01", line: str = "1", dialect: SurGardDialect = MLR2
) -> bytes:
    """One signal as this receiver prints it: Contact ID in form 5, SIA in form S. ValueError names what cannot be."""
    if signal.scheme is Scheme.CONTACT_ID:
        return _encode_contact_id(signal, account, _header(receiver, line, dialect), dialect)
    if signal.scheme is Scheme.SIA:
        data = sia.encode_blocks(DecodedContent(account=account, signals=(signal,)))
        return _ended(f"S{_header(receiver, line, dialect)}[{data}]", dialect)
    if signal.scheme is Scheme.OPAQUE and re.fullmatch(r"[!-~](?:[ -~]{0,14}[!-~])?", signal.code):
        return encode_pulse(signal.code, account=account, receiver=receiver, line=line, dialect=dialect)
    raise ValueError(f"{signal.scheme} code {signal.code} has no Sur-Gard form: map it to a Contact ID or SIA code")


def encode_pulse(
    code: str, *, account: str, receiver: str = "01", line: str = "1", dialect: SurGardDialect = MLR2
) -> bytes:
    """`code` as printed behind the account: `C1128`, `3`, `A 31`."""
    if not re.fullmatch(rf"{_HEX}{{3,6}}", account):
        raise ValueError(f"account {account!r}: a pulse form has 3 to 6 digits 0-9, A-F")
    return _ended(f"1{_header(receiver, line, dialect)}{account:>10} {code}", dialect)


def encode_channels(
    values: str, status: str, *, account: str, receiver: str = "01", line: str = "1", dialect: SurGardDialect = MLR2
) -> bytes:
    """Eight channel digits and the status digit."""
    if not re.fullmatch(r"[0-9]{8}", values) or not re.fullmatch(r"[0-9]", status):
        raise ValueError("a fast format has eight channel digits and one status digit")
    if not re.fullmatch(rf"{_HEX}{{4,6}}", account):
        raise ValueError(f"account {account!r}: a fast format has 4 to 6 digits 0-9, A-F")
    return _ended(f"8{_header(receiver, line, dialect)}{account} {values[:4]} {values[4:]} {status}", dialect)


def encode_heartbeat(*, receiver: str = "01", line: str = "1", dialect: SurGardDialect = MLR2) -> bytes:
    return _ended(f"1{_header(receiver, line, dialect)}{' ' * 11}@{' ' * 4}", dialect)


def encode_status(signal: Signal, *, receiver: str = "01", line: str = "1", dialect: SurGardDialect = MLR2) -> bytes:
    data = sia.encode_blocks(DecodedContent(account="0000", signals=(signal,)))
    return _ended(f"0{_header(receiver, line, dialect)}[{data}]", dialect)


def _encode_contact_id(signal: Signal, account: str, header: str, dialect: SurGardDialect) -> bytes:
    if not re.fullmatch(rf"{_HEX}{{3,16}}", account):
        raise ValueError(f"account {account!r}: Contact ID lines have 3 to 16 digits 0-9, A-F")
    # The account of the text form is not written: only the event behind it.
    event = contact_id.encode_text(DecodedContent(account="", signals=(signal,))).partition("|")[2]
    fields = _EVENT.fullmatch(event)
    assert fields is not None, event
    # The form has no letter for what CCC counts; the reader takes it from the code, as every automation does.
    letters = _Q_DIGITS if dialect.writes_digits else _Q_LETTERS
    return _ended(f"5{header} 18{account}{letters[signal.qualifier]}{fields[2]}{fields[3]}{fields[4]}", dialect)


def _header(receiver: str, line: str, dialect: SurGardDialect) -> str:
    header = receiver.zfill(dialect.receiver_digits) + line.zfill(dialect.line_digits)
    if len(header) != dialect.receiver_digits + dialect.line_digits or not re.fullmatch(f"{_HEADER}+", header):
        widths = f"{dialect.receiver_digits} and {dialect.line_digits}"
        raise ValueError(f"receiver {receiver!r} and line {line!r}: at most {widths} letters and digits")
    return header


def _ended(text: str, dialect: SurGardDialect) -> bytes:
    if dialect.closing in text or not text.isprintable():
        raise ValueError("control characters end a line: remove them")
    return text.encode("cp1252") + dialect.closing.encode()
