"""Completes ids in the shell by asking the daemon.

One rule: completion never speaks up and never makes anybody wait; without a daemon there is simply nothing to offer.
"""

from __future__ import annotations

from arcd.cli.failures import CliError

ANSWER_TIMEOUT_S = 1.0  # somebody is waiting with a finger on the Tab key
OFFERED_MAX = 500


def case_ids(incomplete: str) -> list[str]:
    return _offered("/v1/cases", "cases", incomplete)


def site_ids(incomplete: str) -> list[str]:
    return _offered("/v1/sites", "sites", incomplete)


def flag_ids(incomplete: str) -> list[str]:
    return _offered("/v1/flags", "flags", incomplete)


def _offered(path: str, rows: str, incomplete: str) -> list[str]:
    from arcd.cli.client import Daemon, default_socket

    daemon = Daemon(default_socket(), answer_timeout_s=ANSWER_TIMEOUT_S)
    try:
        answer = daemon.get(path, limit=OFFERED_MAX)
    except CliError:
        return []
    finally:
        daemon.close()
    return [row["id"] for row in answer[rows] if row["id"].startswith(incomplete)]
