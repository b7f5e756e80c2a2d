"""The shape of pack, plan, case and overlay files: pydantic models, frozen, no unknown fields.

One rule: a model says what may be written, each file on its own. What needs several files or follows references
(a route's plan, a step's goto) is checked afterwards in `rules.route_checks`, `rules.plan_checks`, `rules.case_checks`.
"""

from __future__ import annotations

import re
import string
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from protocols.signals import Category, Qualifier, Scheme
from rules.model import FieldKind, Priority, Reason, StepKind
from rules.problems import write_instead
from rules.vocabulary import LANGUAGE_VERSION, LANGUAGES, PLACEHOLDERS, SERVICES

TEXT_CHARS_MAX = 2000
NAME_CHARS_MAX = 64
STEPS_MAX = 50
ROUTES_PER_LEVEL_MAX = 500
SCOPES_MAX = 1000
DAY_S = 86_400.0

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def fault(message: str, advice: str) -> PydanticCustomError:
    """`rules.schema_errors` takes the two apart again. Doubled braces: pydantic formats the message."""
    return PydanticCustomError("arcd", "{message}", {"message": message, "advice": advice})


def _name(text: str) -> str:
    if len(text) > NAME_CHARS_MAX or not _NAME.fullmatch(text):
        raise fault(
            f"{text[:NAME_CHARS_MAX]!r} is no name", "write lower case letters, digits, - and _, like late-test"
        )
    return text


def _as_text(value: object) -> object:
    """Codes and zones are often written as numbers: `code: 130`."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_list(value: object) -> object:
    """One word for a list of one. A tuple, because what leaves a function is strictly a Python value to pydantic."""
    return (value,) if isinstance(value, str | int) else tuple(value) if isinstance(value, list) else value


def _site_or_unknown(value: object) -> object:
    if value == "unknown":
        return None
    if not isinstance(value, dict):
        raise fault("site must be a mapping", "write {kind: shop, tags: […]}, or unknown for an account nobody knows")
    return value


def _texts(texts: dict[str, str]) -> dict[str, str]:
    for language, text in texts.items():
        if language not in LANGUAGES:
            raise fault(f"unknown language {language}", write_instead(language, LANGUAGES))
        if not text.strip() or len(text) > TEXT_CHARS_MAX:
            raise fault(f"the {language} text is empty or longer than {TEXT_CHARS_MAX} characters", "write a sentence")
    missing = [language for language in LANGUAGES if language not in texts]
    if missing:
        raise fault(
            f"the text is missing in {', '.join(missing)}", f"add {missing[0]}: … (fi, sv and en are all needed)"
        )
    return texts


def _one_sentence(value: object) -> object:
    """A description may be one sentence in the language of the operators here: it then stands for all three."""
    return dict.fromkeys(LANGUAGES, value) if isinstance(value, str) else value


def _template(texts: dict[str, str]) -> dict[str, str]:
    for language, text in texts.items():
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(text) if field is not None]
        except ValueError:
            raise fault(f"a brace stands alone in the {language} text", "write {{ or }} for a brace") from None
        for field in fields:
            if field not in PLACEHOLDERS:
                advice = write_instead(field, PLACEHOLDERS) or f"known: {', '.join(sorted(PLACEHOLDERS))}"
                raise fault(f"unknown placeholder {{{field}}} in the {language} text", advice)
    return texts


def _language_version(version: int) -> int:
    if version > LANGUAGE_VERSION:
        raise fault(
            f"the file needs rule language {version}; this release reads {LANGUAGE_VERSION}",
            "install a newer arcd, or write the file for this one",
        )
    return version


def _service(name: str) -> str:
    if name not in SERVICES:
        raise fault(f"{name} is no service", write_instead(name, SERVICES))
    return name


def _desc_required(texts: dict[str, str]) -> dict[str, str]:
    return _texts(texts)


Name = Annotated[str, AfterValidator(_name)]
Word = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=NAME_CHARS_MAX)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_as_list), Field(max_length=SCOPES_MAX)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_as_list), Field(max_length=SCOPES_MAX)]
TextsField = Annotated[dict[str, str], AfterValidator(_texts)]
DescField = Annotated[dict[str, str], BeforeValidator(_one_sentence), AfterValidator(_desc_required)]
TemplateField = Annotated[dict[str, str], AfterValidator(_texts), AfterValidator(_template)]
Service = Annotated[str, AfterValidator(_service)]
Services = Annotated[tuple[Service, ...], BeforeValidator(_as_list), Field(max_length=len(SERVICES))]
Version = Annotated[int, Field(ge=1), AfterValidator(_language_version)]
Seconds = Annotated[float, Field(gt=0, le=365 * DAY_S)]


class Shape(BaseModel):
    """Validated from JSON, where strict means what YAML authors expect: lists are tuples, "yes" is not true."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# ------------------------------------------------------------------------------------------------------------- packs


class TestSignal(Shape):
    __test__ = False  # not a test class, whatever pytest thinks of the name

    scheme: Scheme = Scheme.SIA
    code: Word = ""
    category: Category | None = None
    qualifier: Qualifier | None = None
    area: Word | None = None
    zone: Word | None = None
    user: Word | None = None
    text: str | None = None


class TestSite(Shape):
    __test__ = False

    id: Word = "test-site"
    kind: str = ""
    groups: Words = ()
    tags: Words = ()
    services: Services = ()


class TestZone(Shape):
    __test__ = False

    number: Word = ""
    name: str = ""
    kind: str = ""
    tags: Words = ()


class TestSystem(Shape):
    __test__ = False

    kind: str = ""


class TestState(Shape):
    __test__ = False

    armed: bool | None = None
    verification: Annotated[int, Field(ge=0, le=4)] = 0
    open_categories: tuple[Category, ...] = ()


class TestTime(Shape):
    __test__ = False

    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "12:00"
    holiday: bool = False


class Expectation(Shape):
    route: str | None = None
    plan: Name | None = None
    priority: Priority | None = None
    reason: Reason | None = None
    opens_case: bool | None = None


class PackTest(Shape):
    name: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX)]
    signal: TestSignal
    site: Annotated[TestSite | None, BeforeValidator(_site_or_unknown)] = TestSite()  # None: the account is unknown
    zone: TestZone | None = None
    system: TestSystem = TestSystem()
    state: TestState = TestState()
    time: TestTime = TestTime()
    expect: Expectation = Expectation()
    expect_not: Expectation = Expectation()


class RouteShape(Shape):
    name: Name
    desc: DescField
    why: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX)]
    when: object
    plan: Name
    priority: Priority | None = None
    enabled: bool = True
    routes: Annotated[tuple[RouteShape, ...], Field(max_length=ROUTES_PER_LEVEL_MAX)] = ()


class RootShape(Shape):
    """Where a signal goes that no route takes, and the plans nothing can take away."""

    plan: Name
    life_safety: Name
    unknown_account: Name


class PackShape(Shape):
    pack: Name
    requires: Version
    layer: Literal["general", "group", "site"] = "general"
    group: Words = ()
    site: Words = ()
    order: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    desc: DescField | None = None
    lists: dict[Name, list[str | int]] = {}
    root: RootShape | None = None
    routes: Annotated[tuple[RouteShape, ...], Field(max_length=ROUTES_PER_LEVEL_MAX)] = ()
    tests: tuple[PackTest, ...] = ()


# ------------------------------------------------------------------------------------------------------------- plans


class BranchShape(Shape):
    answer: Name
    title: TextsField
    goto: Name


class StepShape(Shape):
    id: Name
    kind: StepKind
    title: TextsField
    automatic: bool = False
    mandatory: bool = False
    when: object = None
    timeout_s: Seconds | None = None
    on_timeout: Name | Literal[""] = ""
    on_unreachable: Name | Literal[""] = ""
    recipients: Name | Literal[""] = ""
    strategy: Literal["sequential", "parallel"] = "sequential"
    rounds: Annotated[int, Field(ge=1, le=10)] = 2
    channels: tuple[Name, ...] = ()
    template: Name | Literal[""] = ""
    sla_s: Seconds | None = None
    offer_timeout_s: Seconds = 60.0
    branches: tuple[BranchShape, ...] = ()


class PlanShape(Shape):
    plan: Name
    requires: Version
    version: Annotated[int, Field(ge=1)]
    title: TextsField
    case_type: Name = "alarm"
    opens_case: bool = True
    priority: Priority
    instructions: TemplateField | None = None
    steps: Annotated[tuple[StepShape, ...], Field(max_length=STEPS_MAX)] = ()
    texts: dict[Name, TemplateField] = {}


# -------------------------------------------------------------------------------------------------------- case types


class FormFieldShape(Shape):
    name: Name
    kind: FieldKind
    title: TextsField
    mandatory: bool = False
    choices: dict[Name, TextsField] = {}
    length_max: Annotated[int, Field(ge=1, le=20_000)] = 4000


class FormShape(Shape):
    name: Name
    title: TextsField
    fields: Annotated[tuple[FormFieldShape, ...], Field(min_length=1, max_length=100)]


class MoveShape(Shape):
    name: Name
    title: TextsField
    sources: Annotated[tuple[Name, ...], Field(min_length=1)]
    target: Name
    form: Name | Literal[""] = ""
    gates: tuple[Name, ...] = ()
    closes: bool = False
    by_daemon: bool = False


class ClockShape(Shape):
    """Either `targets_s`, or `within` and `shares`: `rules.case_checks` sees to it."""

    name: Name
    states: Annotated[tuple[Name, ...], Field(min_length=1)]
    targets_s: dict[str, tuple[Seconds, ...]] = {}
    title: TextsField | None = None
    since: Name | Literal[""] = ""
    within: Name | Literal[""] = ""
    shares: Annotated[tuple[Annotated[float, Field(gt=0, le=100)], ...], Field(max_length=10)] = ()
    restarts_on: tuple[Name, ...] = ()
    quiet: Annotated[int, Field(ge=0, le=10)] = 0
    raises: Priority | None = None
    then: Name | Literal[""] = ""


class CaseShape(Shape):
    case: Name
    requires: Version
    version: Annotated[int, Field(ge=1)]
    title: TextsField
    service: Service | Literal[""] = ""
    initial: Name
    states: Annotated[dict[Name, TextsField], Field(min_length=2)]
    moves: Annotated[tuple[MoveShape, ...], Field(min_length=1)]
    forms: tuple[FormShape, ...] = ()
    clocks: tuple[ClockShape, ...] = ()
    report: tuple[str, ...] = ()
    opening: Name | Literal[""] = ""
    initial_by_hand: Name | Literal[""] = ""
    keeps_moves: bool = False


# ---------------------------------------------------------------------------------------------------------- overlays


class ListChange(Shape):
    """`replace` alone, or `append` and `remove`."""

    replace: list[str | int] | None = None
    append: list[str | int] = []
    remove: list[str | int] = []


class RouteReplacement(Shape):
    """Whole fields. The values are checked where they end up: in the route, with this file's line."""

    desc: object = None
    why: object = None
    when: object = None
    plan: object = None
    priority: object = None


class RouteChange(Shape):
    enabled: bool | None = None
    replace: RouteReplacement | None = None


class PlanReplacement(Shape):
    version: object = None
    title: object = None
    priority: object = None
    instructions: object = None
    steps: object = None
    texts: object = None


class PlanChange(Shape):
    enabled: bool | None = None
    replace: PlanReplacement | None = None


class TestsChange(Shape):
    __test__ = False

    append: list[object] = []
    remove: list[str] = []


class PackChange(Shape):
    lists: dict[str, ListChange] = {}
    routes: dict[str, RouteChange] = {}
    tests: TestsChange = TestsChange()


class OverlayShape(Shape):
    overlay: Name
    requires: Version
    order: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    packs: dict[str, PackChange] = {}
    plans: dict[str, PlanChange] = {}
