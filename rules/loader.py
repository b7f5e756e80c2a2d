"""Texts → a rule set, or every problem in them at once.

One rule: nothing a person writes makes this raise, and a rule set exists only when there is no error in any file. There
is no file access here: `sources` are texts by relative path, and what a file is, its first word says (`pack:`, `plan:`,
`case:`, `overlay:`), not its folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import Struct
from pydantic import BaseModel, ValidationError

from rules.case_checks import check_case_type
from rules.draft import PackDraft, build_pack, draft_pack
from rules.engine import Answers, PlacedTest, Root, RuleSet, digest_of
from rules.model import CaseType, Plan, Priority
from rules.overlay import Laid, Overlay, lay_over
from rules.plan_checks import check_plan
from rules.problems import Problem, Severity, by_place, write_instead
from rules.route_checks import Known, check_packs
from rules.schema import CaseShape, OverlayShape, PackShape, PlanShape
from rules.schema_errors import problems_of
from rules.yaml_source import Node, read

FILES_MAX = 2000
LOADED_MAX = 2  # those in force, and those that may follow them
KINDS = ("pack", "plan", "case", "overlay")

M = TypeVar("M", bound=BaseModel)


class Loaded(Struct, frozen=True):
    ruleset: RuleSet | None  # None when any problem is an error
    problems: tuple[Problem, ...]
    packs: tuple[PackShape, ...] = ()  # of the rule set, as they read after the overlays


def load(sources: Mapping[str, str]) -> Loaded:
    """The same texts give the same rule set, which nothing changes: a restart reads, tests and compares one, once."""
    return _load(tuple(sources.items()))


@lru_cache(maxsize=LOADED_MAX)
def _load(files: tuple[tuple[str, str], ...]) -> Loaded:
    return _Loading(dict(files)).run()


class _Loading:
    """One pass over everything. Each stage works with what the earlier ones could make sense of."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources
        self.problems: list[Problem] = []
        self.nodes: dict[str, dict[str, Node]] = {kind: {} for kind in KINDS}
        self.case_types: dict[str, CaseType] = {}
        self.plans: dict[str, Plan] = {}
        self.drafts: list[PackDraft] = []
        self.is_sorted = False  # every file could be read and says what it is: a name that is missing is missing

    def run(self) -> Loaded:
        if len(self.sources) > FILES_MAX:
            message = f"{len(self.sources)} files are more than {FILES_MAX}"
            return Loaded(None, (Problem(file="rules", message=message, advice="put more into each file"),))
        for file in sorted(self.sources):
            self._read(file)
        self.is_sorted = sum(len(nodes) for nodes in self.nodes.values()) == len(self.sources)
        laid = self._overlays()
        self._case_types()
        self._plans()
        self._packs(laid)
        root = self._root(laid)
        problems = tuple(sorted(dict.fromkeys(self.problems), key=by_place))
        if root is None or any(problem.severity is Severity.ERROR for problem in problems):
            return Loaded(None, problems)
        return Loaded(self._ruleset(root, laid), problems, tuple(draft.shape for draft in self.drafts))

    def _read(self, file: str) -> None:
        document = read(self.sources[file], file)
        self.problems += document.problems
        root = document.root
        if root is None:
            return
        if not isinstance(root.value, dict):
            self.problems.append(root.problem((), "a rule file is a mapping", "begin with pack: NAME"))
            return
        kind = next((kind for kind in KINDS if kind in root.value), None)
        if kind is None:
            advice = "begin with pack: NAME, plan: NAME, case: NAME or overlay: NAME"
            self.problems.append(root.problem((), "the file does not say what it is", advice))
            return
        name = str(root.value[kind].value)
        other = self.nodes[kind].get(name)
        if other is not None:
            message = f"the {kind} {name} is already in {other.file}"
            self.problems.append(root.problem([kind], message, "rename one, or write an overlay"))
            return
        self.nodes[kind][name] = root

    def _validated(self, node: Node, model: type[M]) -> M | None:
        try:
            return model.model_validate_json(msgspec.json.encode(node.plain()))
        except ValidationError as error:
            self.problems += problems_of(error, node, model)
            return None

    def _overlays(self) -> Laid:
        shaped = [(node, self._validated(node, OverlayShape)) for node in self.nodes["overlay"].values()]
        overlays = [Overlay(node, shape) for node, shape in shaped if shape is not None]
        laid = lay_over(overlays, self.nodes["pack"], self.nodes["plan"])
        self.problems += laid.problems
        return laid

    def _case_types(self) -> None:
        for node in self.nodes["case"].values():
            shape = self._validated(node, CaseShape)
            if shape is not None:
                self.problems += check_case_type(shape, node)
                fields = shape.model_dump(mode="json", exclude={"requires", "case"}, exclude_none=True)
                self.case_types[shape.case] = msgspec.convert({"name": shape.case, **fields}, CaseType)

    def _plans(self) -> None:
        names = self.nodes["case"].keys() if self.is_sorted else None
        for node in self.nodes["plan"].values():
            shape = self._validated(node, PlanShape)
            if shape is None:
                continue
            found = check_plan(shape, node, self.case_types, names)
            self.problems += found
            if not found:
                fields = shape.model_dump(mode="json", exclude={"requires", "plan"})
                fields["instructions"] = fields["instructions"] or {}
                self.plans[shape.plan] = msgspec.convert({"name": shape.plan, **fields}, Plan)

    def _packs(self, laid: Laid) -> None:
        for node in self.nodes["pack"].values():
            shape = self._validated(node, PackShape)
            if shape is not None:
                self.drafts.append(draft_pack(shape, node))
        known = Known(
            plans=self.plans,
            plan_names=self.nodes["plan"].keys() if self.is_sorted else None,
            plans_removed=laid.plans_removed,
            all_routes=self.is_sorted and len(self.drafts) == len(self.nodes["pack"]),
        )
        self.problems += check_packs(self.drafts, known)

    def _root(self, laid: Laid) -> Root | None:
        """The plans nothing can take away. Not judged when a pack could not be read: the root may be in it."""
        rooted = [draft for draft in self.drafts if draft.shape.root is not None]
        if not self.is_sorted or len(self.drafts) < len(self.nodes["pack"]):
            return None
        if not rooted:
            advice = "add root: {plan: …, life_safety: …, unknown_account: …} to one pack"
            self.problems.append(Problem(file="rules", message="no pack has a root", advice=advice))
            return None
        for draft in rooted[1:]:
            message = f"the pack {rooted[0].name} already has the root"
            self.problems.append(draft.node.problem(["root"], message, "keep one of the two", at_key=True))
        root = rooted[0].shape.root
        assert root is not None
        found = {field: self._root_plan(rooted[0], field, name, laid) for field, name in root.model_dump().items()}
        plan, life_safety, unknown = found["plan"], found["life_safety"], found["unknown_account"]
        if plan is None or life_safety is None or unknown is None:
            return None
        return Root(plan, life_safety, unknown)

    def _root_plan(self, draft: PackDraft, field: str, name: str, laid: Laid) -> Plan | None:
        if name not in self.plans and name in self.nodes["plan"]:
            return None  # it is there and has problems of its own
        plan = self.plans.get(name)
        fault: tuple[str, str] | None = None
        if name in laid.plans_removed:
            fault = (f"an overlay removes the plan {name}, and the root cannot do without", "take enabled: false away")
        elif plan is None:
            fault = (f"there is no plan {name}, and the root cannot do without", write_instead(name, self.plans))
        elif not plan.opens_case:
            fault = (f"the plan {name} opens no case, and the root must", "name a plan with opens_case: true")
        elif field == "life_safety" and plan.priority is not Priority.P0:
            fault = (f"the plan {name} is {plan.priority}, and life safety is P0", "write priority: P0 in the plan")
        if fault is not None:
            self.problems.append(draft.node.problem(["root", field], *fault))
            return None
        return plan

    def _ruleset(self, root: Root, laid: Laid) -> RuleSet:
        plans = {name: plan for name, plan in self.plans.items() if name not in laid.plans_removed}
        answers = Answers(root, plans, digest_of(self.sources))
        tests = tuple(test for draft in self.drafts for test in _tests_of(draft))
        return RuleSet(
            sources=self.sources,
            plans=plans,
            case_types=self.case_types,
            packs=[build_pack(draft, answers) for draft in self.drafts],
            answers=answers,
            tests=tests,
        )


def _tests_of(draft: PackDraft) -> list[PlacedTest]:
    """Tests of routes that were switched off go with them."""
    return [
        PlacedTest(pack=draft.name, file=node.file, line=node.line, test=test)
        for i, test in enumerate(draft.shape.tests)
        if test.expect.route not in draft.disabled
        for node in [draft.node.at(["tests", i])]
    ]
