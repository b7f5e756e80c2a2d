"""Routes of outputs: how each is doing, and switching forwarding to another centre.

One rule: a POST becomes one fact and its answer is the core's. Which outputs there are is a setting, so that is known
here alone: an automation line cannot be switched, because its software expects every signal.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from arcd.api.answers import ASK_ERRORS, READ_ERRORS, ApiError, Body, Granted, NotFoundError, View, granted_or_raise
from arcd.api.asking import ID_CHARS_MAX, Asker, TheDesk
from arcd.api.instants import NS
from arcd.api.status import OutputView, outputs_of
from arcd.core.facts import ForwardSwitchRequested
from arcd.core.forwarding.following import REASON_CHARS_MAX
from arcd.forwarding.dc09_output import Dc09Output

router = APIRouter(prefix="/v1/outputs", tags=["outputs"])


YEAR_S = 366 * 86_400.0  # more is a typing error; what is allowed, the core says


class Outputs(View):
    outputs: list[OutputView]


class Switching(Body):
    on: bool
    lasts_s: Annotated[float, Field(gt=0, le=YEAR_S)]  # and then its hours decide again
    reason: Annotated[str, Field(max_length=REASON_CHARS_MAX)]


@router.get("", summary="Outputs, how far each has come and what waits", responses=READ_ERRORS)
async def list_outputs(desk: TheDesk) -> Outputs:
    return Outputs(outputs=outputs_of(desk.status()))


@router.post("/{name}", summary="Forwarding to another centre: on or off until an instant", responses=ASK_ERRORS)
async def switch_output(
    desk: TheDesk, actor: Asker, name: Annotated[str, Path(max_length=ID_CHARS_MAX)], wanted: Switching
) -> Granted:
    found = next((output for output in desk.status().outputs if output.name == name), None)
    if found is None:
        raise NotFoundError("There is no such output; `arcctl forward list` shows them.")
    if found.form != Dc09Output.form:
        message = f"{name} is an automation line: its software expects every signal. Only forwarding can be switched."
        raise ApiError(HTTPStatus.CONFLICT, "forward.automation", message)
    now = desk.now()
    fact = ForwardSwitchRequested(
        at=now, output=name, on=wanted.on, until=now + round(wanted.lasts_s * NS), actor=actor, reason=wanted.reason
    )
    return granted_or_raise(await desk.ask(fact))
