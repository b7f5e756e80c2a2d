"""arcctl: everything that is typed. One file per group of verbs; each verb is a function with its own help.

One rule: starting costs nothing that a verb does not need, so heavy imports stand inside the verbs, and nothing here
decides: the daemon does, or the pure functions of `rules`, `protocols` and `arcd.store.verify`.
"""

from __future__ import annotations

from arcd.cli.application import app, main

__all__ = ["app", "main"]
