"""What the forms of a site base are made of: ids, names, numbers as panels send them.

One rule: each type says by itself what is wrong and what to write instead. The forms are `schema` and `field_schema`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from rules.schema import fault

ID_CHARS_MAX = 64
NAME_CHARS_MAX = 200
WIRE_ADDRESS_CHARS_MAX = 8

# Chained into the journal and written into URLs and file names; no name of a person belongs here.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ADDRESS = re.compile(r"[0-9A-Za-z]+")


def as_text(value: object) -> object:
    """YAML reads 1001 as a number; people mean text. What a number would have lost is asked for in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float) or value < 0:
        raise fault("this would be read as a number and change", "put it in quotes")
    return str(value)


def matching(pattern: re.Pattern[str], what: str, advice: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise fault(f"this is not {what}", advice)
        return text

    return check


def checked(chars_max: int, *checks: Callable[..., str]) -> tuple[object, ...]:
    return (Field(max_length=chars_max), BeforeValidator(as_text), *(AfterValidator(check) for check in checks))


_is_id = matching(_ID, "an id", "write letters, digits, - _ and . only, like K-1042")
_is_address = matching(_ADDRESS, "a zone or area number", 'write the number as the panel sends it: "003"')

Id = Annotated[str, *checked(ID_CHARS_MAX, _is_id)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX), BeforeValidator(as_text)]
ShortText = Annotated[str, *checked(NAME_CHARS_MAX)]
WireAddress = Annotated[str, *checked(WIRE_ADDRESS_CHARS_MAX, _is_address)]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)
