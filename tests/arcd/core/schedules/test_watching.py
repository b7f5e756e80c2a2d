from __future__ import annotations

from arcd.core.record import Judged, Judgement
from arcd.core.schedules import watching
from arcd.core.turn import Turn
from protocols.signals import Category, Qualifier, Scheme, Signal
from tests.arcd.core.conftest import Play
from tests.arcd.core.schedules.test_areas import scene


def test_what_came_over_two_paths_is_heard_once(playbook: Play) -> None:
    play, _ = scene(playbook)
    station = play.station
    turn = Turn(
        seq=99, at=play.now, state=station.state, deadlines=station.deadlines, directory=station.directory,
        rules=station.rules,
    )  # fmt: skip
    (entry,) = station.directory.of_site("S-1")
    opening = Signal(
        scheme=Scheme.SIA, code="OP", category=Category.OPEN_CLOSE, qualifier=Qualifier.NEW, family="OPEN", area="1"
    )
    watching.hear(turn, entry, opening, Judgement(index=0, judged=Judged.COPY))
    assert len(station.state.area_runs) == 0
    watching.hear(turn, entry, opening, Judgement(index=0, judged=Judged.LOGGED))
    assert station.state.area_runs["S-1/panel/1"].is_open
    station.state.revert()
    station._rebuild_indexes()
