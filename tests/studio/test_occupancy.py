"""Occupancy is shown without holding up training: computed when something changed, and not too often."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter

from rlsandbox.learning.agent import View
from rlsandbox.marks import Remark
from rlsandbox.studio import occupancy
from rlsandbox.studio.app import application
from rlsandbox.studio.occupancy import SteadyOccupancy
from rlsandbox.studio.painting import paint_legend
from rlsandbox.studio.painting.legend import LINE, legend_height
from rlsandbox.studio.theme import THEMES
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.mdp import TabularMDP
from tests.helpers import begin, corridor

ASKED = View(wants=frozenset({"occupancy"}))


def tables(session: TrainingSession) -> Any:
    agent: Any = session.agent
    return agent.tables


class Clock:
    """A solver that takes a second by its own clock, and counts how often it is called."""

    def __init__(self) -> None:
        self.now, self.calls = 100.0, 0

    def perf_counter(self) -> float:
        return self.now

    def solve(self, mdp: TabularMDP, *_: object) -> np.ndarray:
        self.now, self.calls = self.now + 1.0, self.calls + 1
        return np.full(mdp.n_states, float(self.calls))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(occupancy, "time", clock)
    monkeypatch.setattr(occupancy, "occupancy", clock.solve)
    return clock


def test_it_is_the_policys_own_share_of_each_state() -> None:
    # (1 - gamma) in the start, and the half of the rest is spent in the middle.
    session = begin("value_iteration", corridor(3), gamma=0.5, steps=10)
    session.run()
    found = SteadyOccupancy().progress(session, ASKED, training=False)
    np.testing.assert_allclose(found.snapshot.fields["occupancy"], [0.5, 0.25, 0.0])
    assert "occupancy" not in SteadyOccupancy().progress(session, View(), training=False).snapshot.fields


def test_an_endless_policy_has_an_empty_one() -> None:
    session = begin("q_learning", corridor(3), gamma=1.0)  # every action is as good as another: it may bump
    tables(session).q[0, :, 0] = 1.0  # up, for ever
    found = SteadyOccupancy().progress(session, ASKED, training=True)
    assert found.snapshot.fields["occupancy"].size == 0


def test_a_resting_run_computes_it_when_the_policy_the_discount_or_the_world_changed(clock: Clock) -> None:
    session, steady = begin("q_learning", corridor(3), gamma=0.5), SteadyOccupancy()

    def calls() -> int:
        steady.progress(session, ASKED, training=False)
        return clock.calls

    assert [calls(), calls()] == [1, 1]
    tables(session).q[0, 0, 2] = 1.0
    assert [calls(), calls()] == [2, 2]
    session.set_hyperparameters({"gamma": 0.9})
    assert [calls(), calls()] == [3, 3]
    session.replace_world(corridor(4))
    assert [calls(), calls()] == [4, 4]


def test_a_training_run_spends_a_tenth_of_its_time_on_it(clock: Clock) -> None:
    session, steady = begin("q_learning", corridor(3), gamma=0.5), SteadyOccupancy()
    began = clock.now
    for frame in range(1000):
        tables(session).q[0, 0, frame % 4] += 1.0  # another policy at every frame
        steady.progress(session, ASKED, training=True)
        clock.now += 0.1
    assert clock.calls / (clock.now - began) == pytest.approx(0.1, abs=0.01)


def test_an_old_share_is_shown_until_the_next_is_due(clock: Clock) -> None:
    session, steady = begin("q_learning", corridor(3), gamma=0.5), SteadyOccupancy()
    steady.progress(session, ASKED, training=True)
    tables(session).q[0, 0, 2] = 1.0
    shown = steady.progress(session, ASKED, training=True).snapshot.fields["occupancy"]
    np.testing.assert_array_equal(shown, [1.0, 1.0, 1.0])
    shown = steady.progress(session, ASKED, training=False).snapshot.fields["occupancy"]
    np.testing.assert_array_equal(shown, [2.0, 2.0, 2.0])


def test_a_remark_is_a_line_of_the_legend() -> None:
    application()
    remark, image = Remark("Nothing to see."), QImage(400, 100, QImage.Format.Format_RGB32)
    image.fill(0)
    assert legend_height([remark]) == LINE
    with QPainter(image) as painter:
        short = paint_legend(painter, [remark], THEMES["dark"], QPointF(0, 100))
        long = paint_legend(painter, [replace(remark, text=remark.text * 2)], THEMES["dark"], QPointF(0, 50))
    assert short.height() == LINE and long.width() > 1.8 * short.width()
    assert any(image.pixelColor(x, 89).lightness() > 150 for x in range(int(short.width())))
