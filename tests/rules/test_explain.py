from __future__ import annotations

from protocols.signals import Category
from rules.explain import render
from rules.model import SiteView, View
from tests.rules.small import signal
from tests.rules.test_engine import NOW, shipped_rules


def test_the_way_of_an_intrusion_through_the_shipped_rules() -> None:
    view = View(site=SiteView(id="S-1", kind="shop"), armed=True, verification=1)
    text = render(shipped_rules().explain(signal(), view, NOW))
    digest = shipped_rules().digest[:12]
    assert (
        text
        == f"""\
arcd
├─ ○ wire   ✗ signal.scheme: arcd (is sia)
├─ ○ centre   ✗ signal.scheme: arcd (is sia)
├─ ○ care   ✗ signal.scheme: arcd (is sia)
├─ ○ relay   ✗ signal.scheme: arcd (is sia)
├─ ○ many-of-ours   ✗ signal.scheme: arcd (is sia)
├─ ○ power-failure   ✗ signal.scheme: arcd (is sia)
├─ ○ substituted   ✗ signal.scheme: arcd (is sia)
├─ ○ over   ✗ signal.scheme: arcd (is sia)
fire
├─ ○ alarm   ✗ signal.category: fire (is intrusion)
├─ ○ restore   ✗ signal.category: fire (is intrusion)
holdup
├─ ○ duress   ✗ signal.category: duress (is intrusion)
├─ ○ holdup   ✗ signal.category: holdup (is intrusion)
├─ ○ restore   ✗ signal.category: duress, holdup (is intrusion)
medical
├─ ○ alarm   ✗ signal.category: medical (is intrusion)
├─ ○ restore   ✗ signal.category: medical (is intrusion)
intrusion
├─ ● alarm
   ├─ ○ confirmed   ✗ state.verification: at least 2 (is 1)
   ├─ ○ verified-by-panel   ✗ signal.code: 139, BM, BV (is BA)
   ├─ ○ safe   ✗ zone.kind: atm, safe, vault (is absent) / signal.scheme: contact_id (is sia)
   ├─ ○ exit-error   ✗ signal.code: 374, EA, EZ (is BA)
   ├─ ○ exterior   ✗ signal.code: 136, 138 (is BA) / zone.kind: exterior, fence, gate, yard (is absent)
   ├─ ○ high-risk   ✗ site.tags: high_risk (is nothing)
   ├─ ○ unverified   ✗ signal.code: BG, UG (is BA)
   ├─ ○ door   ✗ signal.code: 423, DF, DL (is BA)
   ├─ ○ disarmed   ✗ state.armed: false (is true)
└▶ intrusion/alarm
   plan intrusion, P2, opens a case (routed)
   rules {digest}"""
    )


def test_a_stranger_has_no_way_to_show() -> None:
    text = render(shipped_rules().explain(signal(Category.TEST), View(), NOW))
    assert text.startswith("└▶ root/unknown-account\n   plan unknown-account, P2, opens a case (unknown_account)")


def test_what_is_kept_says_so() -> None:
    view = View(site=SiteView(id="S-1"))
    text = render(shipped_rules().explain(signal(Category.TEST), view, NOW))
    assert "└▶ routine/test\n   plan log, P5, kept in the history (routed)" in text
    assert "\nroutine\n├─ ● test\n└▶" in text
