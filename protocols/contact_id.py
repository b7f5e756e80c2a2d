"""Contact ID (SIA DC-05): the text that DC-09 and receivers carry, and the 16 digits of a telephone line.

One rule: a code's digits are kept as sent; only the table says whether CCC is a zone or a user. Tones and timing on the
telephone line do not belong here.

    ACCT MT Q EEE GG CCC S      MT 18 or 98; Q 1 new, 3 restore, 6 still present; GG area; S checksum (DC-05)
"""

from __future__ import annotations

import re

import msgspec

from protocols.content import (
    ACCOUNT_CHARS_MAX,
    DATA_CHARS_MAX,
    EVENTS_MAX,
    DecodedContent,
    not_understood,
    opaque_signal,
)
from protocols.event_codes import STANDARD, AddressKind, CodeTable
from protocols.signals import Category, Qualifier, Scheme, Signal

TOKEN = "ADM-CID"  # noqa: S105 – DC-09 id token of this content, no secret; also the code of what could not be read

# Q as a digit (DC-05) or as the letter receivers print for it (Sur-Gard, Ademco 685).
_QUALIFIERS = {
    "1": Qualifier.NEW,
    "E": Qualifier.NEW,
    "3": Qualifier.RESTORE,
    "R": Qualifier.RESTORE,
    "6": Qualifier.STATUS,
    "P": Qualifier.STATUS,
}
_Q_DIGITS = {Qualifier.NEW: "1", Qualifier.RESTORE: "3", Qualifier.STATUS: "6"}
# Letter before CCC in Ademco 685 output: contact or user. It decides against the table.
_ADDRESS_LETTERS = {"C": AddressKind.ZONE, "U": AddressKind.USER}

_MESSAGE = r"([136ERP])\s*([0-9A-F]{3})\s*([0-9A-F]{2})\s*([CU]?)([0-9A-F]{3})"
_TEXT = re.compile(rf"\s*{_MESSAGE}\s*")
# As printed from a telephone line: account and message type in front, checksum behind (Lupus: "test 18160201010B").
# 58 is the newer message type of DC-05-2016.
_FULL_TEXT = re.compile(rf"\s*(?:(\S{{1,32}})\s+)?(18|98|58)\s*{_MESSAGE}\s*([0-9A-F]?)\s*")
_ACCOUNT_DIGITS = re.compile(r"[0-9A-F]{4}")
_HEX = re.compile(r"[0-9A-F]+")
_FRAME_ENDS = re.compile(r"[\[\]\r\n]")
_DIGITS = re.compile(r"([0-9A-F]{4})(18|98|58)([136])([0-9A-F]{3})([0-9A-F]{2})([0-9A-F]{3})([0-9A-F])")


def decode_text(data: str, *, account: str, codes: CodeTable = STANDARD) -> DecodedContent:
    """Read the data of an ADM-CID message: `#1234|1130 01 015`, with or without account and spaces.

    `account` is the header's, used when the data names none. Several messages may follow each other after `|`.
    Not one readable message: `understood` is False.
    """
    if len(data) > DATA_CHARS_MAX:
        return not_understood(TOKEN, data, account, "oversize")
    rest = data
    if data.startswith("#"):
        own, _, rest = data[1:].partition("|")
        if len(own) > ACCOUNT_CHARS_MAX:
            return not_understood(TOKEN, data, account)
        account = own or account
    match = _TEXT.fullmatch(rest)
    if match is not None:
        signal = _read_signal(codes, *match.groups())
        remarks = () if signal.code in codes.contact_id else ("unknown_code",)
        return DecodedContent(account=account, signals=(signal,), remarks=remarks)
    full = _FULL_TEXT.fullmatch(rest)
    if full is not None:
        return _decode_full(full, account, codes)
    return _decode_list(data, rest, account, codes)


def _decode_full(match: re.Match[str], account: str, codes: CodeTable) -> DecodedContent:
    own, message_type, *message, check = match.groups()
    extra = (("mt", message_type), *((("checksum", check),) if check else ()))
    signal = msgspec.structs.replace(_read_signal(codes, *message), extra=extra)
    remarks = ["full_form"]
    if signal.code not in codes.contact_id:
        remarks.append("unknown_code")
    # An account of letters has no digit values, so its sum cannot be checked.
    if check and own and _ACCOUNT_DIGITS.fullmatch(own) and not _sums_up(own + message_type + "".join(message) + check):
        remarks.append("checksum")
    return DecodedContent(account=own or account, signals=(signal,), remarks=tuple(remarks))


def _decode_list(data: str, rest: str, account: str, codes: CodeTable) -> DecodedContent:
    signals: list[Signal] = []
    remarks: dict[str, None] = {}
    parts = [part for part in rest.split("|") if part.strip()]
    for number, part in enumerate(parts):
        if number == EVENTS_MAX:
            signals.append(opaque_signal(TOKEN, "|".join(parts[number:])))
            remarks["too_many_events"] = None
            break
        match = _TEXT.fullmatch(part)
        if match is None:
            signals.append(opaque_signal(TOKEN, part))
            remarks["block_not_understood"] = None
            continue
        signals.append(_read_signal(codes, *match.groups()))
        if signals[-1].code not in codes.contact_id:
            remarks["unknown_code"] = None
    if all(signal.scheme is Scheme.OPAQUE for signal in signals):
        return not_understood(TOKEN, data, account)
    return DecodedContent(account=account, signals=tuple(signals), remarks=tuple(remarks))


def _read_signal(codes: CodeTable, q: str, code: str, area: str, letter: str, address: str) -> Signal:
    known = codes.contact_id.get(code)
    kind = _ADDRESS_LETTERS[letter] if letter else known.address if known is not None else AddressKind.ZONE
    is_user = kind is AddressKind.USER
    return Signal(
        scheme=Scheme.CONTACT_ID,
        code=code,
        category=known.category if known is not None else Category.UNKNOWN,
        qualifier=_QUALIFIERS[q],
        family=known.family if known is not None else code,
        area=area,
        zone=None if is_user else address,
        user=address if is_user else None,
    )


def decode_digits(digits: str, *, codes: CodeTable = STANDARD) -> DecodedContent:
    """Read the 16 digits of a telephone line, `1234181131010158`; the account is their first four.

    A sum that does not fit gives `understood` False and the remark "checksum": such digits must not be confirmed.
    """
    match = _DIGITS.fullmatch(digits.upper())
    if match is None:
        return not_understood(TOKEN, digits, "")
    account, message_type, q, code, area, address, _ = match.groups()
    if not _sums_up(match[0]):
        return not_understood(TOKEN, digits, account, "checksum")
    # 18 is what everybody sends; another message type is worth keeping.
    extra = () if message_type == "18" else (("mt", message_type),)
    signal = _read_signal(codes, q, code, area, "", address)
    return DecodedContent(
        account=account,
        signals=(msgspec.structs.replace(signal, extra=extra) if extra else signal,),
        remarks=() if code in codes.contact_id else ("unknown_code",),
    )


def _value(digit: str) -> int:
    """DC-05: 0 counts as ten, B to F as 11 to 15. A is never sent as a tone but stands for 0 in printed forms."""
    return 10 if digit == "0" else int(digit, 16)


def _sums_up(digits: str) -> bool:
    return sum(map(_value, digits)) % 15 == 0


def checksum(digits15: str) -> str:
    """The sixteenth digit: it makes the sum of all a multiple of 15, and is F where nothing is missing (DC-05)."""
    if len(digits15) != 15 or not _HEX.fullmatch(digits15):
        raise ValueError("a Contact ID checksum is taken over 15 digits, 0-9 and A-F")
    missing = -sum(map(_value, digits15)) % 15
    return "0" if missing == 10 else f"{missing or 15:X}"


def signal(
    code: str,
    qualifier: Qualifier = Qualifier.NEW,
    *,
    area: str = "00",
    address: str = "000",
    codes: CodeTable = STANDARD,
) -> Signal:
    """A signal as a panel would report it: the table says whether `address` is a zone or a user."""
    _check_digits("code", code, 3)
    area, address = _digits("area", area, 2), _digits("address", address, 3)
    return _read_signal(codes, _Q_DIGITS[qualifier], code, area, "", address)


def encode_text(content: DecodedContent) -> str:
    """The data of an ADM-CID message. ValueError names what Contact ID cannot say."""
    if not content.understood:
        return content.signals[0].text or ""
    data = "|".join((f"#{content.account}", *map(_encode_signal, content.signals)))
    if _FRAME_ENDS.search(data):
        raise ValueError("the characters [ ] CR and LF end a frame: remove them")
    return data


def _encode_signal(signal: Signal) -> str:
    if signal.scheme is Scheme.OPAQUE:
        return signal.text or ""
    q, code, area, letter, address = _fields(signal)
    return f"{q}{code} {area} {letter}{address}"


def encode_digits(content: DecodedContent) -> str:
    """The 16 digits of a telephone line. One signal, and an account of four digits 0-9, B-F."""
    if len(content.signals) != 1:
        raise ValueError("a telephone line carries one Contact ID message at a time: encode each signal by itself")
    q, code, area, letter, address = _fields(content.signals[0])
    if letter:
        raise ValueError(f"{code} has no place to say whether {address} is a zone or a user: leave it to the table")
    if not _ACCOUNT_DIGITS.fullmatch(content.account):
        raise ValueError(f"account {content.account!r} must be four digits 0-9, B-F on a telephone line")
    message_type = dict(content.signals[0].extra).get("mt", "18")
    digits = f"{content.account}{message_type}{q}{code}{area}{address}"
    return digits + checksum(digits)


def _fields(signal: Signal) -> tuple[str, str, str, str, str]:
    if signal.scheme is not Scheme.CONTACT_ID:
        raise ValueError(f"{signal.scheme} code {signal.code} is not Contact ID: send it in its own format")
    if signal.zone is not None and signal.user is not None:
        raise ValueError(f"{signal.code} has room for a zone or a user: leave one out")
    _check_digits("code", signal.code, 3)
    address = signal.zone if signal.user is None else signal.user
    known = STANDARD.contact_id.get(signal.code)
    says_user = known is not None and known.address is AddressKind.USER
    letter = "" if address is None or says_user == (signal.user is not None) else "U" if signal.user else "C"
    return (
        _Q_DIGITS[signal.qualifier],
        signal.code,
        _digits("area", signal.area or "", 2),
        letter,
        _digits("address", address or "", 3),
    )


def _digits(what: str, digits: str, width: int) -> str:
    digits = digits.zfill(width)
    _check_digits(what, digits, width)
    return digits


def _check_digits(what: str, digits: str, width: int) -> None:
    if len(digits) != width or not _HEX.fullmatch(digits):
        raise ValueError(f"{what} {digits!r} must be at most {width} digits, 0-9 and A-F, in Contact ID")
