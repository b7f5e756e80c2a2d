"""The journal's outside: signing checkpoints, copying them away, erasing what is due, telling who read what.

One rule: none of it stands in the way of a signal. Signing follows the commit and never precedes it; a place that
cannot be reached is said and tried again; what changes the journal is asked for by a fact like anything else.
"""
