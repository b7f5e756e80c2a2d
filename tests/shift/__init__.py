"""A shift of twenty-four hours at the demo's sites and three more, asserted whole.

`shift.yaml` says what happens, `cases.txt` what it must come to. When a change of behaviour is wanted, write the list
anew with `python -m tests.shift > tests/shift/cases.txt` and read the difference line by line.
"""
