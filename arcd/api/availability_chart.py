"""The availability of lines as a picture: a bar for each month, and under the bars every fault on one strip of time.

An SVG of our own (SVG 1.1, W3C Recommendation of 2011-08-16): no script, no link, no font but the reader's own. Shape
and text say everything; colour only repeats it.

One rule: it draws the figures it is given. A month with a fault never reads 100 %, and a fault is never too short to
see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from msgspec import Struct

from arcd.core.case.texts import local_clock, render
from arcd.core.line_service.availability import Availability, Window
from arcd.core.line_service.evidence import Evidence
from arcd.core.line_service.texts import duration_text
from arcd.core.turn import text_in

LINES_MAX = 20  # panels in one picture

WIDTH, LEFT, RIGHT = 960, 84, 24
TOP, PANEL, BARS, STRIP = 84, 210, 108, 12
PLOT = WIDTH - LEFT - RIGHT
FAULT_WIDTH_MIN = 2.0
# Where the scale begins: the highest of these below the worst month, so that an hour in a year can be seen.
FLOORS = (0.999, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0.0)
INK, QUIET, GRID, BAR, BAD = "#1b1f24", "#5b6570", "#d5dae0", "#2f6db3", "#b3261e"

LABELS: dict[str, dict[str, str]] = {
    "title": {
        "fi": "Hälytysyhteyden käytettävyys: {what}",
        "sv": "Larmförbindelsens tillgänglighet: {what}",
        "en": "Availability of the alarm connection: {what}",
    },
    "period": {
        "fi": "{begins} – {ends} ({timezone})",
        "sv": "{begins} – {ends} ({timezone})",
        "en": "{begins} – {ends} ({timezone})",
    },
    "ats": {
        "fi": "Koko yhteys (kaikki siirtotiet)",
        "sv": "Hela förbindelsen (alla vägar)",
        "en": "The whole connection (all paths)",
    },
    "path": {"fi": "Siirtotie {path}", "sv": "Väg {path}", "en": "Path {path}"},
    "whole": {
        "fi": "{ratio} · poikki {down} · vikoja {faults} · pisin {longest}",
        "sv": "{ratio} · bruten {down} · fel {faults} · längsta {longest}",
        "en": "{ratio} · down {down} · faults {faults} · longest {longest}",
    },
    "no_fault": {"fi": "{ratio} · ei vikoja", "sv": "{ratio} · inga fel", "en": "{ratio} · no faults"},
    "strip": {"fi": "viat", "sv": "fel", "en": "faults"},
    "none": {"fi": "ei valvottu", "sv": "ej övervakad", "en": "not watched"},
    "alt": {
        "fi": "Käytettävyys kuukausittain; palkki on kuukausi, punainen jana vika",
        "sv": "Tillgänglighet per månad; en stapel är en månad, ett rött streck ett fel",
        "en": "Availability by month; a bar is a month, a red mark a fault",
    },
}


class Line(Struct, frozen=True, kw_only=True):
    name: str  # "" for the whole connection
    category: str
    evidence: Evidence


def chart(what: str, lines: Sequence[Line], timezone: str, language: str, now: int) -> str:
    """`what` names the site and the system. All lines have the same windows."""
    shown = lines[:LINES_MAX]
    height = TOP + PANEL * len(shown)
    title = _label("title", language, what=what)
    windows = [each.window for each in shown[0].evidence.windows]
    period = _label(
        "period", language, timezone=timezone,
        begins=_day(windows[0].begins, timezone), ends=_day(min(windows[-1].ends, now), timezone),
    )  # fmt: skip
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title><desc>{escape(_label('alt', language))}</desc>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(LEFT, 32, title, size=18, weight="bold"),
        _text(LEFT, 54, period, fill=QUIET),
    ]
    for index, line in enumerate(shown):
        parts += _panel(line, TOP + PANEL * index, language, now)
    return "\n".join([*parts, "</svg>"]) + "\n"


def ratio_text(ratio: float | None, language: str) -> str:
    """ "99,83 %": rounded down, because nothing that failed was there all the time."""
    if ratio is None:
        return "–"
    digits = 3 if 0.9995 <= ratio < 1 else 2
    whole = math.floor(round(ratio * 100 * 10**digits, 6)) / 10**digits
    text = f"{whole:.{digits}f}" if ratio < 1 else "100"
    return f"{text}%" if language == "en" else f"{text.replace('.', ',')} %"


def _panel(line: Line, top: float, language: str, now: int) -> list[str]:
    whole = line.evidence.whole
    name = _label("path", language, path=line.name) if line.name else _label("ats", language)
    told = _label(
        "whole" if whole.faults else "no_fault", language,
        ratio=ratio_text(whole.ratio, language), down=duration_text(whole.down_s, language),
        faults=str(whole.faults), longest=duration_text(whole.longest_s, language),
    )  # fmt: skip
    head = f"{name}  {line.category}".rstrip()
    bars, base = top + 26, top + 26 + BARS
    ratios = [each.ratio for each in line.evidence.windows if each.ratio is not None]
    floor = next((floor for floor in FLOORS if floor < min(ratios, default=1.0)), 0.0)
    parts = [
        _text(LEFT, top + 10, head, size=14, weight="bold"),
        _text(WIDTH - RIGHT, top + 10, told if whole.watched_s else _label("none", language), anchor="end"),
        *_scale(bars, base, floor, language),
    ]
    step = PLOT / len(line.evidence.windows)
    for index, each in enumerate(line.evidence.windows):
        parts += _bar(each, LEFT + step * index, step, base, floor, language)
    return [*parts, *_strip(line.evidence, base + 40, language, now)]


def _scale(top: float, base: float, floor: float, language: str) -> list[str]:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = base - BARS * share
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(
            _text(LEFT - 6, y + 4, ratio_text(floor + (1 - floor) * share, language), anchor="end", fill=QUIET)
        )
    assert top < base
    return parts


def _bar(each: Availability, left: float, step: float, base: float, floor: float, language: str) -> list[str]:
    middle = left + step / 2
    parts = [_text(middle, base + 16, _month(each.window), anchor="middle", fill=QUIET)]
    if each.ratio is None:
        return [*parts, _text(middle, base - 6, "–", anchor="middle", fill=QUIET)]
    height = max(1.0, BARS * (each.ratio - floor) / (1 - floor))
    width = step * 0.76
    parts.append(
        f'<rect x="{middle - width / 2:.1f}" y="{base - height:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{BAR}" rx="1"/>'
    )
    if each.faults:
        shown = ratio_text(each.ratio, language)
        inside = height > 34
        y = base - height + (14 if inside else -6)
        parts.append(_text(middle, y, shown, anchor="middle", size=11, fill="#ffffff" if inside else INK))
        parts.append(_text(middle, base + 30, duration_text(each.down_s, language), anchor="middle", size=10, fill=BAD))
    return parts


def _strip(shown: Evidence, top: float, language: str, now: int) -> list[str]:
    begins, ends = shown.whole.window.begins, shown.whole.window.ends
    parts = [
        f'<rect x="{LEFT}" y="{top:.1f}" width="{PLOT}" height="{STRIP}" fill="#eef1f4" stroke="{GRID}"/>',
        _text(LEFT - 6, top + 10, _label("strip", language), anchor="end", fill=QUIET),
    ]
    for fault in shown.faults:
        first, last = max(fault.since, begins), min(fault.until or now, ends)
        x = LEFT + PLOT * (first - begins) / (ends - begins)
        width = max(FAULT_WIDTH_MIN, PLOT * (last - first) / (ends - begins))
        parts.append(
            f'<rect x="{min(x, LEFT + PLOT - width):.1f}" y="{top:.1f}" width="{width:.1f}" height="{STRIP}" '
            f'fill="{BAD}"/>'
        )
    return parts


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "normal", fill: str = INK
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{fill}">{escape(text)}</text>'
    )


def _month(window: Window) -> str:
    """ "3/26": read the same in all three languages."""
    year, _, month = window.name.partition("-")
    return f"{int(month)}/{year[2:]}" if month else year


def _day(at: int, timezone: str) -> str:
    return local_clock(at, timezone).partition(" ")[0]


def _label(name: str, language: str, **values: str) -> str:
    return render(text_in(LABELS[name], language), values)
