"""The daemon of an alarm receiving centre. `core` is the pure machine; everything else here is the shell around it."""

__version__ = "0.1.0"
