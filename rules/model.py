"""The values of a decision: what the engine sees, what it answers, and the plans and case types that people wrote.

One rule: plain frozen values. How they are read from YAML is `rules.schema` and `rules.loader`; how a signal finds its
plan is `rules.engine`; what happens then is `arcd.core`.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from protocols.signals import Category

Texts = dict[str, str]  # language ("fi", "sv", "en") → text


class Priority(StrEnum):
    """requirements 4.5. P0 life, P1 confirmed intrusion, P2 unconfirmed, P3 technical, P4 faults, P5 information."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    P5 = "P5"

    def is_more_urgent_than(self, other: Priority) -> bool:
        return self.value < other.value


# ------------------------------------------------------------------------------------------------ what a rule may see


class ZoneView(Struct, frozen=True, kw_only=True):
    number: str
    name: str = ""
    kind: str = ""  # "door", "pir", "smoke", … as the site base says
    tags: tuple[str, ...] = ()


class SiteView(Struct, frozen=True, kw_only=True):
    """The unchanging part of what a rule may ask about a site. Built once per import, shared by every decision."""

    id: str
    kind: str = ""  # "shop", "bank", "home", …
    groups: tuple[str, ...] = ()  # rule precedence: site over group over general
    tags: tuple[str, ...] = ()
    services: tuple[str, ...] = ()  # what the contract includes


class View(Struct, frozen=True, gc=False, kw_only=True):
    """The small snapshot a decision is made on. No rule reads anything else."""

    site: SiteView | None = None  # None: the account is unknown
    zone: ZoneView | None = None
    system_kind: str = ""  # "intrusion", "fire", … of the system the account belongs to
    armed: bool | None = None  # of the signal's area; None: the panel does not report openings and closings
    verification: int = 0  # 0-4, TMA-AVS-01 meanings (requirements 2.5)
    open_categories: frozenset[Category] = frozenset()  # of the site's open cases
    weekday: int = 0  # site's local time: Monday 0 … Sunday 6
    minute: int = 0  # of the local day, 0-1439
    is_holiday: bool = False


# -------------------------------------------------------------------------------------------------- what it answers


class Reason(StrEnum):
    ROUTED = "routed"  # a route matched
    DEFAULT_ROUTE = "default_route"  # nothing matched; the root's plan applies
    PLAN_MISSING = "plan_missing"  # the route names a plan this rule set does not have: the safe default applies
    UNKNOWN_ACCOUNT = "unknown_account"
    LIFE_SAFETY_RAISED = (
        "life_safety_raised"  # a pack wanted only to log it; life safety is never muted by configuration
    )


class TraceStep(Struct, frozen=True, kw_only=True, omit_defaults=True, array_like=True):
    """One route looked at. `failing` names the first condition leaf that did not hold; "" where it matched."""

    route: str
    matched: bool
    failing: str = ""


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one route and one plan for a signal, and why."""

    route: str  # "intrusion/confirmed": pack and path of route names
    plan: str
    priority: Priority
    reason: Reason
    opens_case: bool = True  # False: the signal is kept in the site's history and asks nothing of anyone
    rules_digest: str = ""


# ------------------------------------------------------------------------------------------------- response plans


class StepKind(StrEnum):
    """requirements 4.6."""

    VIEW_CAMERAS = "view_cameras"
    LISTEN = "listen"
    ANNOUNCE = "announce"
    CALL = "call"
    DISPATCH_GUARD = "dispatch_guard"
    NOTIFY_AUTHORITY = "notify_authority"
    NOTIFY_OPERATOR = "notify_operator"  # the transmission operator, R-19
    ORDER_PROVIDER = "order_provider"
    MESSAGE = "message"
    WAIT = "wait"
    ASK = "ask"
    CLOSE = "close"


class Branch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer to an `ask` step and the step it leads to."""

    answer: str
    title: Texts
    goto: str


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a response plan. Automatic steps start by themselves when reached; others wait for the operator.

    Steps start in order. `timeout_s` runs from the step's start; when it ends unanswered the plan goes to `on_timeout`
    (a step id; "" means a person is called for: the case is escalated).
    """

    id: str
    kind: StepKind
    title: Texts
    automatic: bool = False
    mandatory: bool = False
    # The step starts only when this condition holds for the case (the tree as written; compiled by rules.conditions).
    when: dict[str, object] | None = None
    timeout_s: float | None = None
    on_timeout: str = ""
    on_unreachable: str = ""  # call: nobody answered; dispatch_guard: every guard refused or kept silent
    # call, message, notify_authority, order_provider: whom. Names a call list of the site, else of the centre.
    recipients: str = ""
    strategy: str = "sequential"  # call: sequential | parallel
    rounds: int = 2  # call: how many times through the list
    channels: tuple[str, ...] = ()  # message: "mail", "pager"
    template: str = ""  # message: a named text of the plan's `texts`
    sla_s: float | None = None  # dispatch_guard: from decision to on site
    offer_timeout_s: float = 60.0  # dispatch_guard: requirements 4.8
    branches: tuple[Branch, ...] = ()  # ask


class Plan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A response plan (toimintaohje). The version in force is frozen into the case it opens."""

    name: str
    version: int
    title: Texts
    case_type: str = "alarm"
    opens_case: bool = True
    priority: Priority = Priority.P2
    instructions: Texts = {}
    steps: tuple[Step, ...] = ()
    texts: dict[str, Texts] = {}  # message templates: "{site_name}: {signal_text}"

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def reserve_ids(self) -> frozenset[str]:
        """Steps that the flow passes by: they start on the side, when another runs out of time or reaches nobody."""
        targets = {target for step in self.steps for target in (step.on_timeout, step.on_unreachable)}
        return frozenset(targets - {""})


# ---------------------------------------------------------------------------------------------------- case types


class FieldKind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    FLAG = "flag"
    NUMBER = "number"
    INSTANT = "instant"
    SYSTEM = "system"  # id of a system of the case's site


class FormField(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    kind: FieldKind
    title: Texts
    mandatory: bool = False
    choices: dict[str, Texts] = {}  # value → what people read
    length_max: int = 4000


class Form(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    title: Texts
    fields: tuple[FormField, ...]


class Move(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An allowed change of state. A move that is in no table is refused by name."""

    name: str
    title: Texts
    sources: tuple[str, ...]
    target: str
    form: str = ""
    gates: tuple[str, ...] = ()  # names of arcd.core.case gates: "mandatory_steps", "owner", "identity_verified", …
    closes: bool = False
    by_daemon: bool = False  # the machine's alone: no person may choose it


class Clock(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A target time on a state: started on entering one of `states`, stopped on leaving all of them.

    `targets_s` are the instants, seconds after the start, at which the clock calls: per priority, in order.
    """

    name: str
    states: tuple[str, ...]
    targets_s: dict[str, tuple[float, ...]] = {}  # priority → targets; "*" for the rest
    title: Texts = {}  # what people are told when it calls; nothing: that nobody took the case
    since: str = ""  # the form field (instant) that it counts from, whenever its state was entered
    # Instead of `targets_s`: a form field (number, seconds, 0 too), and the shares of it that are targets, whatever the
    # priority.
    within: str = ""
    shares: tuple[float, ...] = ()
    restarts_on: tuple[str, ...] = ()  # moves after which it begins anew though its state is not left
    quiet: int = 0  # the first so many targets call nobody; they are there to be seen in a list
    raises: Priority | None = None  # at its last target the case is at least this urgent
    then: str = ""  # the move the machine makes at its last target; where it is made the clock does not call again

    def targets(self, priority: Priority, form: dict[str, str]) -> tuple[float, ...]:
        """Seconds after its start, in rising order. () where the form does not say how long."""
        if self.within:
            limit = form.get(self.within, "")
            return tuple(float(limit) * share for share in self.shares) if limit else ()
        return self.targets_s.get(priority.value) or self.targets_s.get("*", ())


class CaseType(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kind of matter people work on: its life cycle as a table, its forms, gates and clocks, and its report."""

    name: str
    version: int
    title: Texts
    initial: str
    states: dict[str, Texts]
    service: str = ""  # what the contract must include for it: the gate `contract_includes` asks
    moves: tuple[Move, ...]
    forms: tuple[Form, ...] = ()
    clocks: tuple[Clock, ...] = ()
    report: tuple[str, ...] = ()
    opening: str = ""  # the form that a person fills in who opens one; its mandatory fields are asked for there
    initial_by_hand: str = ""  # where one begins that a person opens; "": as any other
    keeps_moves: bool = False  # every move stands in the case with what was filled in, not only in the journal

    def move(self, name: str) -> Move | None:
        return next((move for move in self.moves if move.name == name), None)

    def form(self, name: str) -> Form | None:
        return next((form for form in self.forms if form.name == name), None)
