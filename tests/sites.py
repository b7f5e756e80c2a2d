"""Small sites, centres and rule sets for tests of the machine.

One rule: everything is fiction and as small as the test allows. The case types are the shipped ones, so that moves,
forms and gates are real; plans and routes are a few lines each, so that a transcript can be exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent, indent

from arcd.core.site import Account, Area, Centre, Conditioning, Contact, Guard, SealedKey, Site, System, Zone
from protocols.secrets import WireKey
from rules import shipped

# The key of every account that has one here; `SEALED` is what the core sees of it.
KEY = WireKey.parse("ascii:a key for tests!")
SEALED = SealedKey(nonce="", ciphertext="")

GUARDS = (
    Guard(id="g1", name="Kaarti 1", language="en", email="g1@example.invalid"),
    Guard(id="g2", name="Kaarti 2", language="en", webhook_url="http://127.0.0.1:1/g2"),
    Guard(id="g3", name="Kaarti 3", language="fi", email="g3@example.invalid", webhook_url="http://127.0.0.1:1/g3"),
    Guard(id="mute", name="Nobody knows how to reach them"),
)
CONTACTS = (
    Contact(id="helmi", name="Helmi", email="helmi@example.invalid", phones=("+358 40 555 0131",)),
    Contact(id="onni", name="Onni", phones=("+358 40 555 0133",)),
)
ZONES = (
    Zone(number="1", name="Front door", area="1", kind="door"),
    Zone(number="03", name="Shop floor", area="1", kind="pir"),
    Zone(number="4", name="Vault", area="2", kind="seismic"),
)
# Signals go to the rules as they are; tests of conditioning say what they want of it.
QUIET = Conditioning(
    second_path_s=0.0, delayed_after_s=0.0, swinger_trips=0, runaway_count=0, runaway_bucket=0, cancel_window_s=0.0,
    unset_filter_s=0.0, confirm_window_s=0.0, holdup_confirm_window_s=0.0, path_alarm_window_s=0.0,
    mains_fail_delay_s=0.0, auto_close_on_restore=(), unrestored_alarm_s=0.0, unrestored_trouble_s=0.0,
)  # fmt: skip


def a_centre(*, language: str = "en", guards: tuple[Guard, ...] = GUARDS, on_duty: bool = True) -> Centre:
    duty = Contact(id="duty", name="Duty", email="duty@example.invalid")
    lists: dict[str, tuple[str, ...]] = {"on_duty": ("duty",)} if on_duty else {}
    return Centre(name="Test centre", language=language, guards=guards, contacts=(duty,), call_lists=lists)


def a_site(
    site_id: str = "S-1",
    *,
    account: str = "1001",
    keyed: bool = False,
    kind: str = "shop",
    guards: tuple[str, ...] = ("g1", "g2"),
    services: tuple[str, ...] = ("guard",),
    systems: tuple[System, ...] | None = None,
    window_past_s: float = 40.0,
    window_future_s: float = 20.0,
    keyholders: tuple[str, ...] = ("helmi", "onni"),
    conditioning: Conditioning | None = None,
) -> Site:
    number = Account(
        number=account,
        key=SEALED if keyed else None,
        window_past_s=window_past_s,
        window_future_s=window_future_s,
    )
    areas = (Area(number="1", reports_open_close=True), Area(number="2", reports_open_close=True))
    intrusion = System(id="intrusion", kind="intrusion", accounts=(number,), areas=areas, zones=ZONES)
    return Site(
        id=site_id,
        name=f"Shop {site_id}",
        address="Esimerkkitori 2",
        kind=kind,
        services=services,
        instructions={"en": "Ring twice.", "fi": "Soita kahdesti."},
        systems=systems if systems is not None else (intrusion,),
        contacts=CONTACTS,
        call_lists={"keyholders": keyholders},
        guards=guards,
        conditioning=conditioning or QUIET,
    )


# --------------------------------------------------------------------------------------------------------------- rules

LOOK = "- {id: finish, kind: close, title: {fi: P, sv: A, en: Close}, mandatory: true}"
DISPATCH = """\
- id: dispatch-guard
  kind: dispatch_guard
  title: {fi: L, sv: S, en: Send}
  automatic: true
  mandatory: true
  recipients: guards
  offer_timeout_s: 60
"""


def plan(
    name: str,
    steps: str = LOOK,
    *,
    priority: str = "P2",
    case_type: str = "alarm",
    opens_case: bool = True,
    texts: str = "",
) -> str:
    """A response plan; `steps` is the YAML list."""
    body = f"steps:\n{indent(dedent(steps).strip(), '  ')}\n" if opens_case else "opens_case: false\n"
    text = f"texts:\n{indent(dedent(texts).strip(), '  ')}\n" if texts else ""
    return (
        f"plan: {name}\nrequires: 1\nversion: 1\ntitle: {{fi: {name}, sv: {name}, en: {name}}}\n"
        f"priority: {priority}\ncase_type: {case_type}\n{body}{text}"
    )


def pack(routes: Mapping[str, str]) -> str:
    """A pack that routes by code: `BA` → the plan's name, or `plan P1` to change its priority."""
    lines, tests = ["pack: x", "requires: 1", "routes:"], ["tests:"]
    for code, answer in routes.items():
        plan_name, _, priority = answer.partition(" ")
        asked = f", priority: {priority}" if priority else ""
        when = f"{{signal.code: {code}}}" if code != "arcd" else "{signal.scheme: arcd}"
        lines.append(f"  - {{name: {code.lower()}, desc: d, why: R-3, when: {when}, plan: {plan_name}{asked}}}")
        tests.append(f"  - {{name: {code}, signal: {{code: BA}}, expect: {{route: x/{code.lower()}}}}}")
    return "\n".join([*lines, *tests]) + "\n"


ROOT = """\
pack: root
requires: 1
order: 1000000
root: {plan: other, life_safety: urgent, unknown_account: stranger}
"""


def rules(plans: str | tuple[str, ...] = (), routes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Rule sources: shipped case types; `look` for BA, `log` for restores and openings, `trouble` for our own codes."""
    made = (plans,) if isinstance(plans, str) else plans
    named = {text.split(maxsplit=2)[1]: text for text in made}
    base = {
        "look": plan("look"),
        "log": plan("log", priority="P5", opens_case=False),
        "other": plan("other"),
        "urgent": plan("urgent", priority="P0"),
        "stranger": plan("stranger"),
        "trouble": plan("trouble", priority="P3"),
    }
    default = {"BA": "look", "BR": "log", "OP": "log", "CL": "log", "HA": "urgent", "FA": "urgent", "arcd": "trouble"}
    cases = {name: text for name, text in shipped.sources().items() if name.startswith("cases/")}
    return {
        **cases,
        "packs/root.yaml": ROOT,
        "packs/x.yaml": pack({**default, **(routes or {})}),
        **{f"plans/{name}.yaml": text for name, text in {**base, **named}.items()},
    }
