"""The closed lists of words that packs, plans and case types may use.

One rule: a word is here because some code knows what to do with it; the loader refuses every other word by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from protocols.signals import Category

LANGUAGE_VERSION = 1  # `requires:` of a file; raised when a construct is added that older releases cannot read

LANGUAGES = ("fi", "sv", "en")

# What a text sent or shown about a case may name. The core fills them in (requirements 4.6 `message`).
PLACEHOLDERS = frozenset(
    {
        "site_name", "site_address", "signal_text", "signal_code", "zone", "zone_name", "area", "case_id", "priority",
        "link", "time_local", "category", "guard_name", "instructions",
    }
)  # fmt: skip

# What a contract may include: names a site base gives under `services`, and conditions and case types ask about. A name
# that is written wrong on either side would mean that no guard is sent, so both sides are held to this list.
SERVICES = frozenset(
    {
        "alarm_monitoring",  # hälytysvalvonta, R-1…R-5
        "guard_dispatch",
        "video",  # kuvavalvonta, R-6…R-10
        "announcements",  # kuulutus, R-11…R-16
        "line_supervision",  # linjavalvonta, R-17…R-21
        "call_centre",  # R-22…R-26
        "door_opening",  # ovenavaus, R-27…R-32
        "crime_report",  # rikosilmoitus, R-33…R-39
        "damage_report",  # vahinkoilmoitus, R-40…R-45
        "administration",  # pääkäyttäjä, R-46…R-49
        "erc_escalation",  # on to the emergency response centre, R-5, R-80
        "maintenance",  # repairs ordered on the customer's account
    }
)

# Gates a move may name; enforced in arcd.core.case, never by a page.
GATES = frozenset(
    {
        "mandatory_steps",  # every mandatory step done, or skipped with a reason
        "disposition",  # the closing form names one
        "owner",  # only the operator who holds the case
        "identity_verified",  # requirements 4.7: code word or call-back
        "consent_recorded",
        "contract_includes",  # the contract includes the service
        "form_complete",  # every mandatory field of the move's form
        "person",  # a person says so, never the machine
        "line_restored",  # the connection the case is about is up
        "line_verified",  # and shown to work: a test signal, three heartbeats, or a test the ERC confirmed
        "informed_again",  # whoever was told of the matter has been told that it is over
    }
)

# What a case's report may hold, in the order the case type names them.
REPORT_SECTIONS = frozenset(
    {
        "summary", "signals", "decision", "steps", "calls", "dispatches", "notifications", "messages", "notes", "forms",
        "moves", "clocks", "informed",
    }
)  # fmt: skip

# What the daemon itself reports as signals of scheme `arcd`: code → category.
ARCD_CODES: Mapping[str, Category] = MappingProxyType(
    {
        "plaintext_refused": Category.TAMPER,  # protocols.codec.Problem: somebody may be imitating the panel
        "wrong_key": Category.TAMPER,
        "replayed": Category.TAMPER,
        "no_key": Category.TROUBLE,
        "outside_window": Category.TROUBLE,
        "unknown_account": Category.UNKNOWN,
        "malformed": Category.UNKNOWN,
        "opaque": Category.UNKNOWN,
        "receiver_status": Category.TROUBLE,  # said by a receiver of itself
        "undecided": Category.UNKNOWN,
        "duress_word": Category.DURESS,  # said on the telephone (requirements 4.7)
        "effect_failed": Category.TROUBLE,
        "clock_stepped": Category.TROUBLE,
        "commit_slow": Category.TROUBLE,
        "loop_slow": Category.TROUBLE,
        "intake_full": Category.TROUBLE,
        "clock_unsynchronised": Category.TROUBLE,
        "channel_down": Category.TROUBLE,
        "output_down": Category.TROUBLE,  # automation software or another centre takes no signals from us
        "output_refused": Category.TROUBLE,  # or it takes others, and not this one
        "disk_low": Category.TROUBLE,
        "checkpoint_copy": Category.TROUBLE,  # a place that signed checkpoints are copied to cannot be reached
        "signing_key_changed": Category.TROUBLE,  # and the key before it has not signed for the new one
        "journal_damaged": Category.TAMPER,  # the journal does not verify
        "key_not_taken": Category.TROUBLE,  # a panel has not used the new key it was offered
        "certificate": Category.TROUBLE,  # of DC-09 over TLS: expires soon, or cannot be renewed
        "restarted_unclean": Category.TROUBLE,
        "journal_restored": Category.TROUBLE,  # from a backup: what came after it is missing
        "runaway": Category.TROUBLE,  # a source that sends without end (requirements 4.4)
        "swinger": Category.TROUBLE,  # a zone that trips and restores without end
        "unrestored": Category.TROUBLE,  # an alarm or trouble whose restore does not come
        "link_overdue": Category.SUPERVISION,
        "device_lost": Category.SUPERVISION,  # a device on a bus does not answer, or writes nothing
        "relay_failed": Category.TROUBLE,  # a door, siren or other output was not switched, or nobody knows
        "path_fault": Category.SUPERVISION,  # one transmission path of a system that has others (requirements 2.2)
        "ats_fault": Category.SUPERVISION,  # all of them: the site is cut off
        "line_storm": Category.SUPERVISION,  # many sites behind one operator or network (requirements 4.4)
        "centre_storm": Category.TROUBLE,  # many sites behind a listener or an uplink of ours
        "mains_storm": Category.TROUBLE,  # a power failure in a region
        "uplink_lost": Category.TROUBLE,  # nobody is heard any more: it is us
        "stalled": Category.TROUBLE,  # the daemon stood still
        "listener_rebound": Category.TROUBLE,  # a listener was gone for a while
        "listener_down": Category.TROUBLE,  # a listener is gone, and cannot be had again
        "descriptors_spent": Category.TROUBLE,  # no file descriptor is left for another connection
        "path_changed": Category.TROUBLE,  # another device, address or receiver number speaks for a path
        "line_lost": Category.SUPERVISION,  # the port of a receiver line, many sites behind it (requirements 2.2)
        "line_silent": Category.SUPERVISION,  # a receiver that says nothing, not even its heartbeat
        "pager_lost": Category.SUPERVISION,  # the port of a paging line
        "test_overdue": Category.SUPERVISION,  # a periodic test report did not come (requirements 4.4)
        # Openings and closings against the area's schedule (requirements 4.4).
        "late_to_open": Category.OPEN_CLOSE,
        "late_to_close": Category.OPEN_CLOSE,
        "early_open": Category.OPEN_CLOSE,
        "early_close": Category.OPEN_CLOSE,
        "irregular_open": Category.OPEN_CLOSE,
        "irregular_close": Category.OPEN_CLOSE,
    }
)
