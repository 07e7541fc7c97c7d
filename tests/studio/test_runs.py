"""What a run is called, and how far it is from the truth."""

from __future__ import annotations

import numpy as np
import pytest

from rlsandbox.learning.agent import View
from rlsandbox.studio.frames import Frame
from rlsandbox.studio.runs import Run
from rlsandbox.training.session import RunSpec, TrainingSession
from tests.helpers import corridor


def run_of(algorithm: str, **config: object) -> Run:
    return Run(0, RunSpec(algorithm, corridor(4), config, (0, 1), episodes=20), color=0)


@pytest.mark.parametrize(
    ("config", "title"),
    [
        ({}, "Q-learning α 0.1 γ 0.99 ε 0.1"),
        ({"exploration": "softmax", "temperature": 2.0}, "Q-learning α 0.1 γ 0.99 τ 2"),
        ({"exploration": "optimistic"}, "Q-learning α 0.1 γ 0.99"),
    ],
)
def test_a_title_names_the_hyperparameters_that_count(config: dict[str, object], title: str) -> None:
    assert run_of("q_learning", **config).title == title


def test_the_second_run_of_a_name_has_a_number() -> None:
    run = run_of("q_learning")
    run.number = 2
    assert run.title == f"{run.name} #2"


def test_a_method_that_predicts_is_as_far_off_as_its_values() -> None:
    run = run_of("td0", gamma=1.0)
    session = TrainingSession(run.spec)
    session.log_gap()
    progress = session.progress(View(0, frozenset({"curves", "oracle"})))
    run.take(Frame(0, progress, "paused", 0.0, float("nan"), session.evaluate()))
    # Up and down stay, so does left in S: V^pi is -24, -20 and -12 along S . . G; nothing is learnt yet.
    assert run.row().gap == pytest.approx(np.sqrt((24**2 + 20**2 + 12**2) / 3))
    assert run.curves is not None and run.curves.predicts
