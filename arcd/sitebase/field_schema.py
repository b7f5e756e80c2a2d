"""What may stand in a site base about points on a bus, relays, and sources of mail and JSON.

One rule: as in `schema`: each entry is checked by itself here; what it must fit is `arcd.sitebase.field_checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from arcd.core.field import RelayKind
from arcd.sitebase.forms import Form, Id, Name, ShortText, WireAddress
from protocols.modbus_points import ADDRESS_MAX, Number, Table
from protocols.signals import Scheme
from rules.schema import fault

POINTS_PER_SYSTEM_MAX = 2_000
RELAYS_PER_SYSTEM_MAX = 200
SOURCES_PER_SYSTEM_MAX = 200
SUBJECTS_MAX = 50
PULSE_S_MIN, PULSE_S_MAX = 0.1, 300.0
DEBOUNCE_S_MAX = 600.0
# An address on the internet that anybody may write to is guessed at; 20 characters of base32 are 100 bits.
TOKEN_CHARS_MIN, TOKEN_CHARS_MAX = 20, 60


def _token(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    is_plain = text.isascii() and text.replace("-", "").isalnum() and text == text.lower()
    if not is_plain or not TOKEN_CHARS_MIN <= len(text) <= TOKEN_CHARS_MAX:
        advice = (
            f"write {TOKEN_CHARS_MIN} to {TOKEN_CHARS_MAX} small letters and digits; make them: openssl rand -hex 16"
        )
        raise fault("this is not a token", advice)
    return secret


BusAddress = Annotated[int, Field(ge=0, le=ADDRESS_MAX)]
Token = Annotated[SecretStr, AfterValidator(_token)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class PointForm(Form):
    id: Id
    device: Id
    table: Table
    address: BusAddress
    code: ShortText
    scheme: Literal[Scheme.SIA, Scheme.CONTACT_ID] = Scheme.SIA
    zone: WireAddress | None = None
    area: WireAddress | None = None
    active_low: bool = False
    bit: Annotated[int, Field(ge=0, le=15)] | None = None
    number: Number = Number.UINT16
    low_word_first: bool = False
    scale: Finite = 1.0
    offset: Finite = 0.0
    above: Finite | None = None
    below: Finite | None = None
    hysteresis: Annotated[Finite, Field(ge=0)] = 0.0
    debounce_s: Annotated[float, Field(ge=0, le=DEBOUNCE_S_MAX)] = 0.0
    unit: ShortText = ""


class RelayForm(Form):
    id: Id
    name: ShortText = ""
    device: Id
    coil: BusAddress
    kind: RelayKind = RelayKind.OTHER
    pulse_s: Annotated[float, Field(ge=PULSE_S_MIN, le=PULSE_S_MAX)] | None = None
    interlock: ShortText = ""
    feedback: BusAddress | None = None
    identity_level: Annotated[int, Field(ge=1, le=3)] = 2


class SubjectForm(Form):
    subject: Name
    code: ShortText = ""
    zone: WireAddress | None = None
    area: WireAddress | None = None
    restore: bool = False


class SourceForm(Form):
    id: Id
    account: ShortText = ""  # "": the system's only one
    token: Token | None = None
    token_file: ShortText | None = None
    by: tuple[Literal["mail", "http"], ...] = Field(default=("mail", "http"), min_length=1, max_length=2)
    code: ShortText = ""
    scheme: Literal[Scheme.SIA, Scheme.CONTACT_ID] = Scheme.SIA
    zone: WireAddress | None = None
    area: WireAddress | None = None
    subjects: tuple[SubjectForm, ...] = Field(default=(), max_length=SUBJECTS_MAX)
    retention: Id = "alarm"
