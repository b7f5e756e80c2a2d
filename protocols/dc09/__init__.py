"""SIA DC-09 over TCP, UDP or serial, all revisions from 2007 to 2026, read leniently and written by the standard.

frame         LF crc 0LLL body CR, limits, resynchronisation     body      the grammar of a body, blanking of keys
cipher        AES-CBC content and pads                           extended  [x…] fields
timestamp     HH:MM:SS,MM-DD-YYYY                                text      strict decoding of characters
codec         the receiver: Received, Malformed, replies         replies   ACK, NAK, DUH to the byte
reply_policy  which reply a frame gets, one table                dialler   the panel's side
dialects      how real panels deviate, one row each              tokens    the id tokens of the standard
"""

from protocols.dc09.codec import Dc09Codec
from protocols.dc09.dialler import Dialler, ReplyReceived
from protocols.dc09.frame import BODY_BYTES_MAX, BUFFER_BYTES_MAX, FRAME_BYTES_MAX, PROTOCOL
from protocols.dc09.reply_policy import Condition, ReplyPolicy, condition_of, reply_for

__all__ = [
    "BODY_BYTES_MAX",
    "BUFFER_BYTES_MAX",
    "FRAME_BYTES_MAX",
    "PROTOCOL",
    "Condition",
    "Dc09Codec",
    "Dialler",
    "ReplyPolicy",
    "ReplyReceived",
    "condition_of",
    "reply_for",
]
