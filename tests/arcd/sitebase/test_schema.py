"""One tiny bad file per rule: where it is said to be wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcd.sitebase import Loaded, forms, schema

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

HEAD = "sites:\n  - id: K-1\n    name: Kioski\n    guards: [g1]\n"
PANEL = HEAD + "    systems:\n      - id: panel\n        kind: intrusion\n"

SITE_FILES = [
    ("sites: []\ncentre: x\n", "sites/a.yaml:2:1: error: unknown field centre — write one of sites instead"),
    ("sits: []\n", "sites/a.yaml:1:1: error: the field sites is missing — add sites: …"),
    ("sites:\n  - name: Kioski\n    guards: [g1]\n", "sites/a.yaml:2:5: error: the field id is missing — add id: …"),
    (
        "sites:\n  - id: Kioski 1\n    name: x\n    guards: [g1]\n",
        "sites/a.yaml:2:9: error: this is not an id — write letters, digits, - _ and . only, like K-1042",
    ),
    (
        HEAD + "    adress: x\n",
        "sites/a.yaml:5:5: error: unknown field adress — did you mean address? write address instead",
    ),
    (
        HEAD + "    timezone: Europe/Helsinky\n",
        "sites/a.yaml:5:15: error: Europe/Helsinky is no timezone — "
        "did you mean Europe/Helsinki? write Europe/Helsinki instead",
    ),
    (
        HEAD + "    timezone: ../etc/passwd\n",
        "sites/a.yaml:5:15: error: ../etc/passwd is no timezone — "
        "write a name of the tz database, like Europe/Helsinki",
    ),
    (
        HEAD + "    languages: [fi, se]\n",
        "sites/a.yaml:5:21: error: se is not a language of this system — write one of en, fi, sv instead",
    ),
    (
        HEAD + "    tags: [high value]\n",
        "sites/a.yaml:5:12: error: this is not one word — write it without spaces and slashes, like high_value",
    ),
    (
        HEAD + "    services: [gaurd_dispatch]\n",
        "sites/a.yaml:5:16: error: gaurd_dispatch is not a service — "
        "did you mean guard_dispatch? write guard_dispatch instead",
    ),
    (
        HEAD + "    calls_before_dispatch: 11\n",
        "sites/a.yaml:5:28: error: calls_before_dispatch: input should be less than or equal to 10 — change the value",
    ),
    (
        PANEL + "        test_interval: 90s\n",
        "sites/a.yaml:8:24: error: a periodic test does not come that often — write the panel's own interval, like 24h",
    ),
    (
        HEAD + "    tags: vault\n",
        "sites/a.yaml:5:11: error: tags must be a list — write [one, two], or one item per line after a dash",
    ),
    (
        PANEL.replace("intrusion", "intrution"),
        "sites/a.yaml:7:15: error: unknown kind intrution — did you mean intrusion? write intrusion instead",
    ),
    (
        PANEL + "        accounts: [{number: 12.50}]\n",
        "sites/a.yaml:8:29: error: this would be read as a number and change — put it in quotes",
    ),
    (
        PANEL + "        accounts: [{number: '10#1'}]\n",
        'sites/a.yaml:8:29: error: this is not an account number — write it as the panel sends it: "0042"',
    ),
    (
        PANEL + "        accounts: [{number: '1', receiver: 1G}]\n",
        "sites/a.yaml:8:44: error: this is not a receiver or line number — "
        "write 1 to 6 hex digits, or leave it out for any",
    ),
    (
        PANEL + "        accounts: [{number: '1', encoding: utf8}]\n",
        "sites/a.yaml:8:44: error: utf8 is not a text encoding panels use — did you mean utf-8? write utf-8 instead",
    ),
    (
        PANEL + "        zones: [{number: '1-2'}]\n",
        'sites/a.yaml:8:26: error: this is not a zone or area number — write the number as the panel sends it: "003"',
    ),
    (
        HEAD + "    contacts: [{id: a, name: A, phones: [040 555 0101]}]\n",
        'sites/a.yaml:5:42: error: this is not a telephone number — write it with its country code: "+358 40 555 0100"',
    ),
    (
        HEAD + "    contacts: [{id: a, name: A, phones: [+358405550101]}]\n",
        "sites/a.yaml:5:42: error: YAML reads this as a sum, and a leading + or 0 is lost — "
        'put it in quotes: "+358 40 555 0100"',
    ),
    (
        HEAD + "    contacts: [{id: a, name: A, email: a(at)example.org}]\n",
        "sites/a.yaml:5:40: error: this is not an e-mail address — write it like name@example.org",
    ),
    (
        HEAD + "    contacts: [{id: a, name: A, roles: [keyholder]}]\n",
        "sites/a.yaml:5:41: error: unknown roles keyholder — did you mean key_holder? write key_holder instead",
    ),
]


@pytest.mark.parametrize(("text", "wanted"), SITE_FILES)
def test_a_wrong_site_file(problems: Problems, text: str, wanted: str) -> None:
    assert wanted in problems(text)


def test_all_errors_of_all_files_are_told_at_once(problems: Problems) -> None:
    found = problems(HEAD + "    adress: x\n    timezone: Mars\n", "sites: 1\n", centre="nam: x\n")
    assert [each.partition(" — ")[0] for each in found] == [
        "centre.yaml:1:1: error: unknown field nam",
        "sites/a.yaml:5:5: error: unknown field adress",
        "sites/a.yaml:6:15: error: Mars is no timezone",
        "sites/b.yaml:1:8: error: sites must be a list",
    ]


GUARD = (
    "call_lists: {on_duty: [d]}\ncontacts: [{id: d, name: D, phones: ['112']}]\nguards:\n  - {id: g1, name: G, %s}\n"
)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("guard.example.org", "this is not a web address — write it like https://guard.example.org/arcd"),
        ("ftp://guard.example.org", "this is not a web address — write it like https://guard.example.org/arcd"),
        ("https://", "this is not a web address — write it like https://guard.example.org/arcd"),
        ("https://example.org:99999/", "this is not a web address — write it like https://guard.example.org/arcd"),
        ("https://käpy.example", "this is not a web address — write it like https://guard.example.org/arcd"),
        (
            "https://me:hunter2@example.org",
            "a web address must not hold a user name or password — remove it: requests are signed instead",
        ),
        ("https://example.org/#top", "a web address to post to has no # — remove the # and what follows it"),
        (
            "http://guard.example.org",
            "offers would cross the network unencrypted — write https:// (http:// is for this machine only)",
        ),
    ],
)
def test_a_wrong_web_address(problems: Problems, url: str, wanted: str) -> None:
    found = problems(centre=GUARD % f"webhook_url: '{url}'")
    assert found == [f"centre.yaml:4:36: error: {wanted}"]


@pytest.mark.parametrize("url", ["https://guard.example.org:8443/a?b=c", "http://127.0.0.1:8791/", "http://[::1]/"])
def test_a_web_address(problems: Problems, url: str) -> None:
    assert problems(centre=GUARD % f"webhook_url: '{url}'") == []


def test_plain_http_can_be_allowed(problems: Problems) -> None:
    assert problems(centre=GUARD % "webhook_url: http://guard.example.org", allow_plain_http=True) == []


@pytest.mark.parametrize("phone", ["112", "+358 40 555 0101", "+358(0)405550101", "'+46 8-555 010 10'"])
def test_telephone_numbers(problems: Problems, phone: str) -> None:
    assert problems(HEAD + f"    contacts: [{{id: a, name: A, phones: [{phone}]}}]\n") == []


@pytest.mark.parametrize("number", ["1001", "0042", "1", "1234567890123456", "foc7688", "AAA"])
def test_account_numbers_stay_as_written(load: Load, number: str) -> None:
    loaded = load(PANEL + f"        accounts: [{{number: {number}}}]\n")
    assert loaded.sitebase is not None
    assert loaded.sitebase.sites[0].systems[0].accounts[0].number == number


def many(name: str, count: int, item: str) -> str:
    """`item` with its number in place of #."""
    return f"{name}: [{', '.join(item.replace('#', str(n)) for n in range(count))}]"


def in_system(text: str) -> str:
    return f"systems: [{{id: s, kind: fire, {text}}}]"


LISTS = {
    "call_lists": f"call_lists: {{{', '.join(f'l{n}: []' for n in range(schema.CALL_LISTS_MAX + 1))}}}",
    "accounts": in_system(many("accounts", schema.ACCOUNTS_PER_SYSTEM_MAX + 1, "{number: a#}")),
    "areas": in_system(many("areas", schema.AREAS_PER_SYSTEM_MAX + 1, "{number: a#}")),
    "zones": in_system(many("zones", schema.ZONES_PER_SYSTEM_MAX + 1, "{number: z#}")),
}


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        (many("contacts", schema.CONTACTS_MAX + 1, "{id: c#, name: C}"), schema.CONTACTS_MAX),
        (many("systems", schema.SYSTEMS_PER_SITE_MAX + 1, "{id: s#, kind: fire}"), schema.SYSTEMS_PER_SITE_MAX),
        (many("tags", schema.LIST_MAX + 1, "t#"), schema.LIST_MAX),
        (LISTS["call_lists"], schema.CALL_LISTS_MAX),
        (LISTS["accounts"], schema.ACCOUNTS_PER_SYSTEM_MAX),
        (LISTS["areas"], schema.AREAS_PER_SYSTEM_MAX),
        (LISTS["zones"], schema.ZONES_PER_SYSTEM_MAX),
        (f"address: {'x' * (forms.NAME_CHARS_MAX + 1)}", forms.NAME_CHARS_MAX),
        (f"instructions: {{fi: {'x' * (schema.TEXT_CHARS_MAX + 1)}}}", schema.TEXT_CHARS_MAX),
        (f"tags: [{'x' * (forms.ID_CHARS_MAX + 1)}]", forms.ID_CHARS_MAX),
        (f"contacts: [{{id: c, name: C, email: {'x' * schema.EMAIL_CHARS_MAX}@x.fi}}]", schema.EMAIL_CHARS_MAX),
        (f"contacts: [{{id: c, name: C, phones: ['+{'1' * schema.PHONE_CHARS_MAX}']}}]", schema.PHONE_CHARS_MAX),
        (in_system(f"accounts: [{{number: {'a' * (schema.ACCOUNT_CHARS_MAX + 1)}}}]"), schema.ACCOUNT_CHARS_MAX),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else str(value),
)
def test_limits(problems: Problems, field: str, limit: int) -> None:
    found = problems(f"{HEAD}    {field}\n")
    assert len(found) == 1
    assert "sites/a.yaml:5:" in found[0]
    assert f"at most {limit} " in found[0]


@pytest.mark.parametrize(
    ("window", "wanted"), [("-1", "greater than or equal to 0"), ("86401", "less than or equal to 86400")]
)
def test_time_windows_are_bounded(problems: Problems, window: str, wanted: str) -> None:
    found = problems(PANEL + f"        accounts: [{{number: '1', window_past_s: {window}}}]\n")
    assert len(found) == 1
    assert wanted in found[0]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("dialect: ajacks", "did you mean ajax?"),
        ("dialect: 'no such panel at all'", "arcctl panel dialects"),
        ("connection: sometimes", "keep_open"),
        ("idle_limit_s: 9", "greater than or equal to 10"),
        ("idle_limit_s: 604801", "less than or equal to 604800"),
    ],
)
def test_how_a_panel_is_read_is_chosen_from_what_is_known(problems: Problems, field: str, wanted: str) -> None:
    found = problems(PANEL + f"        accounts: [{{number: '1', {field}}}]\n")
    assert len(found) == 1
    assert wanted in found[0]
