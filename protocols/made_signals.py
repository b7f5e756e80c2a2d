"""Signals of inputs that send no alarm message of their own: contacts, measurements, mails, plain JSON.

One rule: a code means here what it means in `event_codes`, so a flood switch on a coil and a panel's WA are one matter
to the rules. What the input is, and which code an installer has given it, belongs to the site base.
"""

from __future__ import annotations

from protocols.event_codes import STANDARD, EventCode
from protocols.signals import Category, Qualifier, Scheme, Signal


def made_signal(
    *,
    scheme: Scheme,
    code: str,
    qualifier: Qualifier,
    area: str | None = None,
    zone: str | None = None,
    text: str | None = None,
    occurred_at: int | None = None,
    media: tuple[str, ...] = (),
    extra: tuple[tuple[str, str], ...] = (),
) -> Signal:
    """`code` is the code of the alarm; its restore bears the table's restore code (SIA), or the same (Contact ID).

    A code that is in no table gives a signal of unknown category, as one from a panel would.
    """
    known = STANDARD.lookup(scheme, code)
    shown = code
    if qualifier is Qualifier.RESTORE and scheme is Scheme.SIA and known is not None:
        restore = sia_restore_of(known)
        shown = restore.code if restore is not None else code
    elif known is not None and known.qualifier is not None:
        qualifier = known.qualifier  # a code that says by itself what it is: BR, OP, RP
    return Signal(
        scheme=scheme,
        code=shown,
        category=known.category if known is not None else Category.UNKNOWN,
        qualifier=qualifier,
        family=known.family if known is not None else code,
        area=area,
        zone=zone,
        text=text,
        occurred_at=occurred_at,
        media=media,
        extra=extra,
    )


def sia_restore_of(alarm: EventCode) -> EventCode | None:
    """The SIA code that ends this one: DC-03 names it with the same first letter and R or H; None where it has none."""
    for code in (alarm.code[0] + "R", alarm.code[0] + "H"):
        row = STANDARD.sia.get(code)
        if row is not None and row.qualifier is Qualifier.RESTORE and alarm.family in (row.family, *row.also_ends):
            return row
    rows = (row for row in STANDARD.sia.values() if row.qualifier is Qualifier.RESTORE)
    return next((row for row in rows if alarm.family in (row.family, *row.also_ends)), None)
