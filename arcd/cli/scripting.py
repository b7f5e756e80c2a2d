"""A scenario for one panel, written in YAML: what it sends, what it expects, how long it waits.

    panel: {account: "1001"}
    steps:
      - send: {code: BA, zone: 3}        # expects an ACK unless it says otherwise
      - wait: 2s
      - again: true                      # the same bytes once more
      - repeat: 3
        steps:
          - send: {link_test: true}
            within: 1s
      - send: {code: FA, clock_offset_s: -3600}
        expect: nak                      # ack | nak | duh | none

With `panel: {protocol: surgard, account: "1001", options: {…}}` it is another device that plays it; `send` then takes
`options:` of its own beside the panel's.

One rule: the whole file is read and checked before the first byte is sent, and how much it may send is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from arcd.cli.failures import UsageError
from arcd.cli.panel_messages import Event, message_of
from arcd.cli.panel_options import saying_of
from arcd.cli.times import parse_duration
from rules.problems import Problem, by_place
from rules.schema import fault
from rules.schema_errors import problems_of
from rules.yaml_source import read

if TYPE_CHECKING:
    from arcd.cli.simulated import Saying

ACTIONS_MAX = 100_000  # after repetitions are written out
WAIT_S_MAX = 3_600.0
WITHIN_S = 5.0
REPEAT_MAX = 10_000
STEPS_MAX = 1_000
DEPTH_MAX = 4

Expectation = Literal["ack", "nak", "duh", "none"]


def _seconds(value: object) -> object:
    """ "2s" as everywhere, or a bare number for parts of a second."""
    if isinstance(value, str):
        try:
            return float(parse_duration(value))
        except UsageError as error:
            raise fault("this is not a duration", f"write 0.5 for half a second, or {error.message[-30:]}") from None
    return value


def _some(steps: object) -> object:
    if steps == []:
        raise fault("there are no steps", "write - send: {code: BA, zone: 3} below steps:")
    return steps


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Wait = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=WAIT_S_MAX)]
Text = Annotated[str, BeforeValidator(_text), Field(max_length=4_000)]
Options = Annotated[dict[str, bool | int | float | str], Field(max_length=50)]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SendForm(Form):
    code: Text | None = None
    scheme: Literal["sia", "contact_id", "pulse"] = "sia"
    qualifier: Literal["new", "restore", "status"] = "new"
    zone: Text | None = None
    area: Text | None = None
    user: Text | None = None
    text: Text | None = None
    link_test: bool = False
    token: Text | None = None
    data: Text = ""
    extended: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    sequence: Annotated[int, Field(ge=0, le=9999)] | None = None
    clock_offset_s: Annotated[float, Field(ge=-1e9, le=1e9)] = 0.0
    options: Options = {}


class StepForm(Form):
    send: SendForm | None = None
    again: Literal[True] | None = None
    wait: Wait | None = None
    close: Literal[True] | None = None
    repeat: Annotated[int, Field(ge=1, le=REPEAT_MAX)] | None = None
    steps: Annotated[tuple[StepForm, ...], Field(max_length=STEPS_MAX)] = ()
    expect: Expectation = "ack"
    within: Wait = WITHIN_S

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [name for name in ("send", "again", "wait", "close", "repeat") if getattr(self, name) is not None]
        if len(given) != 1:
            raise fault("a step is one thing", "write one of send, again, wait, close, repeat, each with its own dash")
        if bool(self.steps) != (self.repeat is not None):
            raise fault("repeat and steps belong together", "write repeat: 3 and below it steps: with what is repeated")
        return self


class PanelForm(Form):
    protocol: Text = "dc09"
    options: Options = {}
    account: Text = ""
    receiver: Text | None = None
    line: Text = "0"
    key_file: Text | None = None
    binary_crc: bool = False
    timestamp: bool = False
    retries: Annotated[int, Field(ge=0, le=5)] = 0

    @model_validator(mode="after")
    def _is_of_its_protocol(self) -> Self:
        if self.protocol != "dc09" and (self.key_file is not None or self.binary_crc or self.timestamp):
            raise fault("key_file, binary_crc and timestamp are DC-09's", f"leave them out of a {self.protocol} panel")
        if self.protocol == "dc09" and self.options:
            raise fault("options are another protocol's", "write protocol: beside them; see arcctl panel protocols")
        if self.protocol == "dc09" and not self.account:
            raise fault("a DC-09 panel names its account", 'write account: "1001"')
        return self


class ScriptForm(Form):
    panel: PanelForm
    steps: Annotated[tuple[StepForm, ...], BeforeValidator(_some), Field(max_length=STEPS_MAX)]


class Action(Struct, frozen=True, kw_only=True):
    """One thing to do. What is sent is `message` over DC-09 and `saying` with its `options` elsewhere; neither for
    `again`."""

    kind: Literal["send", "again", "wait", "close"]
    message: tuple[str, str] | None = None
    saying: Saying | None = None
    options: Any = None
    extended: tuple[str, ...] = ()
    sequence: int | None = None
    clock_offset_s: float = 0.0
    seconds: float = 0.0
    expect: Expectation = "ack"
    within_s: float = WITHIN_S


class Script(Struct, frozen=True, kw_only=True):
    panel: PanelForm
    actions: tuple[Action, ...]


def read_script(text: str, path: Path) -> Script:
    """ScriptError with a line for each thing that is wrong."""
    document = read(text, str(path))
    if document.root is None or document.problems:
        raise ScriptError(list(document.problems))
    try:
        form = ScriptForm.model_validate(document.root.plain())
    except ValidationError as error:
        raise ScriptError(problems_of(error, document.root, ScriptForm)) from None
    try:
        actions = tuple(_actions(form.steps, form.panel, path.parent, depth=1))
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}") from error
    return Script(panel=form.panel, actions=actions)


class ScriptError(UsageError):
    """The file cannot be played. The message is its last problem; `before` are the others, in the file's order."""

    def __init__(self, problems: list[Problem]) -> None:
        *before, last = sorted(problems, key=by_place)
        super().__init__(str(last))
        self.before = [str(problem) for problem in before]

    def plain(self) -> dict[str, object]:
        return {"error": {"kind": self.kind, "message": "\n".join((*self.before, self.message))}}


def _actions(steps: tuple[StepForm, ...], panel: PanelForm, directory: Path, *, depth: int) -> Iterator[Action]:
    if depth > DEPTH_MAX:
        raise UsageError(f"repeat stands {depth} deep; at most {DEPTH_MAX}")
    written = 0
    for step in steps:
        for action in _of(step, panel, directory, depth):
            written += 1
            if written > ACTIONS_MAX:
                raise UsageError(f"more than {ACTIONS_MAX} messages and pauses; repeat less, or use arcctl panel flood")
            yield action


def _of(step: StepForm, panel: PanelForm, directory: Path, depth: int) -> Iterator[Action]:
    if step.repeat is not None:
        once = tuple(_actions(step.steps, panel, directory, depth=depth + 1))
        for _ in range(step.repeat):
            yield from once
    elif step.send is not None and panel.protocol != "dc09":
        yield _simulated(step, step.send, panel, directory)
    elif step.send is not None:
        send = step.send
        if send.options:
            raise UsageError("options: of a message are another protocol's; write protocol: below panel:")
        yield Action(
            kind="send",
            message=message_of(
                panel.account, null=send.link_test, token=send.token, data=send.data, event=_event(send)
            ),
            extended=send.extended,
            sequence=send.sequence,
            clock_offset_s=send.clock_offset_s,
            expect=step.expect,
            within_s=step.within,
        )
    elif step.again is not None:
        yield Action(kind="again", expect=step.expect, within_s=step.within)
    elif step.wait is not None:
        yield Action(kind="wait", seconds=step.wait)
    else:
        yield Action(kind="close")


def _event(send: SendForm) -> Event:
    return Event(send.code, send.scheme, send.qualifier, send.zone, send.area, send.user, send.text)


def _simulated(step: StepForm, send: SendForm, panel: PanelForm, directory: Path) -> Action:
    """What a device of another protocol sends; made once here, so that what cannot be is said before a byte is sent."""
    from arcd.cli.simulated_protocols import simulated

    if send.token is not None or send.extended or send.clock_offset_s:
        raise UsageError("token, extended and clock_offset_s are DC-09's; leave them out with protocol:")
    if step.expect == "duh":
        raise UsageError(f"{panel.protocol} has no DUH: expect ack, nak or none")
    kind = simulated(panel.protocol)
    given = {
        # As key_file: files stand beside the scenario.
        name: str(directory / str(value)) if name.endswith("_file") else value
        for name, value in {**panel.options, **send.options}.items()
    }
    options = kind.read_options(given)
    event = None if send.link_test else _event(send)
    saying = saying_of(panel.account, event, send.sequence or 1, "", panel.receiver, panel.line)
    kind.made(saying, options)
    return Action(
        kind="send",
        saying=saying,
        options=options,
        sequence=send.sequence,
        expect=step.expect,
        within_s=step.within,
    )
