"""What a session tells a screen, asked in the thread that owns it: frames, figures, recorded episodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import View
from rlsandbox.learning.deep import DeepAgent
from rlsandbox.studio.frames import Frame
from rlsandbox.studio.occupancy import SteadyOccupancy
from rlsandbox.studio.pictures import SteadyPicture
from rlsandbox.training.episodes import Episode, record_stacked
from rlsandbox.training.evaluate import EVALUATION_EPISODES, Evaluation, episode_cap, evaluate_played
from rlsandbox.training.playing import PlayedEpisode, record_played
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.simulation import Simulation

_FEWEST = 10
"""Evaluation episodes of a seed."""


class Teller:
    """Makes frames, with what is too dear to be made anew for each."""

    def __init__(self) -> None:
        self._occupancy, self._picture = SteadyOccupancy(), SteadyPicture()

    def frame(
        self,
        run_id: int,
        session: TrainingSession,
        view: View,
        state: str,
        rate: float,
        evaluation: Evaluation | None,
    ) -> Frame:
        """A frame of a session; of a view that was asked for while another run was shown, what fits."""
        means = (
            [mean for mean in session.recent_return() if not np.isnan(mean)] if "curves" in view.wants else []
        )
        if view.replica is not None and view.replica >= session.agent.n_seeds:
            view = replace(view, replica=0)
        if view.slice is not None and not view.slice.suits(getattr(session.world, "dimensions", ())):
            view = replace(view, slice=None)
        view = replace(view, patient=state == "training")
        return Frame(
            run_id=run_id,
            progress=self._occupancy.progress(session, view, state == "training"),
            state=state,
            rate=rate,
            recent_return=float(np.mean(means)) if means else float("nan"),
            evaluation=evaluation,
            picture=self._picture.of(session, view, state == "training"),
        )


class Interrupted(Exception):
    """Something else is to be done first."""


def evaluated(
    session: TrainingSession, over: bool, interrupted: Callable[[], bool]
) -> tuple[Evaluation | None, str]:
    """The figures of the policy of now, or a sentence that says why there are none.

    An environment that is stepped in Python takes seconds for them: only for a run that is over, and its
    episodes are shared out among the seeds.

    Raises:
        Interrupted: it was asked to make way.
    """
    world, agent = session.world, session.agent
    try:
        if not isinstance(world, Simulation):
            return session.evaluate(), ""
        if world.drawing is None and not over:
            return None, ""
        assert isinstance(agent, DeepAgent)
        episodes = EVALUATION_EPISODES
        if world.drawing is None:
            episodes = max(_FEWEST, episodes // agent.n_seeds)

        def best(seen: NDArray[Any]) -> NDArray[Any]:
            if interrupted():
                raise Interrupted
            return agent.best_for(seen)

        with agent.computing():
            return evaluate_played(best, agent.n_seeds, world, episodes), ""
    except SandboxError as error:
        return None, str(error)


def recorded(session: TrainingSession, replica: int, seed: int) -> Episode | PlayedEpisode:
    """An episode of the current greedy policy.

    Raises:
        SandboxError: the world fails.
    """
    agent, world = session.agent, session.world
    if isinstance(world, Simulation):
        assert isinstance(agent, DeepAgent)
        return record_played(agent, replica, seed, pictures=world.drawing is None)
    cap = episode_cap(agent.problem.mdp)
    return record_stacked(agent.stacks, agent.policy().probs[replica], seed, cap)
