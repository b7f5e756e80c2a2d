"""What a fault of a line means for people: the transmission operator is told, exceptional arrangements are made, and
what happened is kept as evidence (R-18…R-21).

One rule: whether a line is up is decided in `arcd.core.supervision`; here is what follows from it.
"""
