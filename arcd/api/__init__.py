"""The HTTP side of the daemon: the admin API on the Unix socket and the pages guards answer on.

One rule: a page or route shows state and passes requests on as facts; it decides nothing. What may be done, and by
whom, is decided in the core, so that every other way in meets the same gates.

`admin` and `guard` make the two applications; `desk` is all they know of the daemon; `serving` listens.
"""
