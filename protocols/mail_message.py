"""A mail that reports an alarm: subject, text, pictures.

One rule: nothing in a mail is refused, because the camera that sent it cannot write a better one. What cannot be read
is left out and named in `remarks`; subject and text are bounded, and pictures are counted.

Headers are read as RFC 5322 and RFC 2047 have it, bodies as RFC 2045; broken ones as far as they go.
"""

from __future__ import annotations

import binascii
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from fnmatch import fnmatchcase

from msgspec import Struct

SUBJECT_CHARS_MAX = 256
TEXT_CHARS_MAX = 2_000
PICTURES_MAX = 10
PARTS_MAX = 100
NAME_CHARS_MAX = 100

_TAG = re.compile(r"<[^>]{0,2000}>")


class Picture(Struct, frozen=True, kw_only=True):
    name: str
    type: str  # "image/jpeg"
    data: bytes


class Mail(Struct, frozen=True, kw_only=True):
    subject: str
    text: str
    message_id: str
    pictures: tuple[Picture, ...] = ()
    remarks: tuple[str, ...] = ()  # "charset", "other_attachment", "too_many_pictures", "too_many_parts"


def read_mail(raw: bytes) -> Mail:
    # The old policy: the new one raises on headers that cameras do write.
    message = BytesParser(policy=compat32).parsebytes(raw)
    remarks: dict[str, None] = {}
    pictures: list[Picture] = []
    text = ""
    for index, part in enumerate(message.walk()):
        if index >= PARTS_MAX:
            remarks["too_many_parts"] = None
            break
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if kind.startswith("image/"):
            if len(pictures) >= PICTURES_MAX:
                remarks["too_many_pictures"] = None
            else:
                pictures.append(Picture(name=_name_of(part), type=kind[:NAME_CHARS_MAX], data=_data_of(part)))
        elif kind in ("text/plain", "text/html") and part.get_filename() is None:
            if not text or kind == "text/plain":
                text = _text_of(part, remarks)
        else:
            remarks["other_attachment"] = None
    return Mail(
        subject=_header(message, "Subject")[:SUBJECT_CHARS_MAX],
        text=text[:TEXT_CHARS_MAX],
        message_id=_header(message, "Message-ID")[:SUBJECT_CHARS_MAX],
        pictures=tuple(pictures),
        remarks=tuple(remarks),
    )


def subject_fits(subject: str, pattern: str) -> bool:
    """Shell wildcards, whatever the case and the number of spaces."""
    return fnmatchcase(_one_line(subject).casefold(), _one_line(pattern).casefold())


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    try:
        return _one_line(str(make_header(decode_header(str(value)))))
    except (HeaderParseError, LookupError, UnicodeError, ValueError, binascii.Error):
        return _one_line(str(value))


def _text_of(part: Message, remarks: dict[str, None]) -> str:
    data = _data_of(part)
    charset = part.get_content_charset() or "utf-8"
    for encoding in (charset, "utf-8"):
        try:
            text = data.decode(encoding)
            break
        except (LookupError, UnicodeError):
            remarks["charset"] = None
    else:
        text = data.decode("latin-1")
    if part.get_content_type() == "text/html":
        text = _TAG.sub(" ", text)
    return "\n".join(line for line in (_one_line(line) for line in text.splitlines()) if line)


def _data_of(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, UnicodeError):
        data = None
    return data if isinstance(data, bytes) else b""


def _name_of(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, UnicodeError):
        name = ""
    return _one_line(name)[:NAME_CHARS_MAX]


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
