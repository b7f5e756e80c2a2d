from __future__ import annotations

import pytest

from rules.model import View
from rules.paths import MINUTES_OF_DAY, PATHS, WEEKDAYS, ValueFault, ValueType, clock_minute, read_value
from tests.rules.small import SITE_VIEW, signal


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("03:12", 192), ("23:59", 1439), ("24:00", MINUTES_OF_DAY)])
def test_times_of_day(text: str, minute: int) -> None:
    assert clock_minute(text) == minute


@pytest.mark.parametrize("text", ["24:01", "3:12", "03:60", "0312", "", None, 192])
def test_what_is_no_time_of_day(text: object) -> None:
    with pytest.raises(ValueFault, match="is no time of day"):
        clock_minute(text)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_every_path_reads_something_and_nothing(name: str) -> None:
    path = PATHS[name]
    for value in (path.get(signal(), SITE_VIEW), path.get(None, View())):
        if path.many:
            assert isinstance(value, tuple | frozenset)
        else:
            assert value is None or isinstance(value, str | int)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_value_is_read_as_the_path_gives_it(name: str) -> None:
    path = PATHS[name]
    samples: dict[ValueType, tuple[object, object]] = {
        ValueType.CHOICE: (path.choices[0] if path.choices else "", path.choices[0] if path.choices else ""),
        ValueType.TEXT: ("Ab", "Ab"),
        ValueType.CODE: ("ba", "BA"),
        ValueType.ADDRESS: ("0012", "12"),
        ValueType.FLAG: (True, True),
        ValueType.NUMBER: (3, 3),
        ValueType.CLOCK: ("01:00", 60),
    }
    written, read = (path.choices[0], path.choices[0]) if path.choices else samples[path.type]
    assert read_value(path, written) == read


def test_a_misspelt_service_is_refused() -> None:
    """It would hold nowhere, and no guard would be sent."""
    with pytest.raises(ValueFault, match="unknown word gaurd_dispatch") as refused:
        read_value(PATHS["site.services"], "gaurd_dispatch")
    assert "guard_dispatch" in refused.value.advice
    assert read_value(PATHS["site.services"], "guard_dispatch") == "guard_dispatch"


def test_weekdays_begin_on_monday() -> None:
    assert [PATHS["time.weekday"].get(None, View(weekday=day)) for day in range(7)] == list(WEEKDAYS)
