"""A person in the agent's place: one step at a time, with the world's own dice; and episodes as files."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from rlsandbox.training.episodes import Episode
from rlsandbox.worlds.disk import write_atomically
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.grid_env import GridEnv
from rlsandbox.worlds.mdp import TabularMDP
from rlsandbox.worlds.world import World


@dataclass(frozen=True)
class Transition:
    """One step.

    Attributes:
        state, action, next_state: numbers of states and of the action.
        reward: what was paid.
        terminated: whether the episode ended by itself.
        truncated: whether it was cut.
    """

    state: int
    action: int
    reward: float
    next_state: int
    terminated: bool
    truncated: bool


class Drive:
    """One episode in somebody's hands.

    Every outcome is drawn as in the world's Gymnasium environment, with slip, noise, drift and scheduled
    changes; the same seed and actions give the same episode.

    Args:
        world: a World, a gallery name or a file.
        seed: of the dice.

    Raises:
        SandboxError: there is no such world, or nobody can act where its episodes begin.
    """

    def __init__(self, world: World | str | os.PathLike[str], seed: int = 0) -> None:
        self._env = GridEnv(open_world(world))
        self._env.reset(seed=seed)
        self.states = [self._env.state]
        """The states that were come through, the one of now at the end."""
        self.transitions: list[Transition] = []
        check(bool(self.model.live[self.state]), "nobody can act where an episode of this world begins.")

    @property
    def world(self) -> World:
        """The drawing, as its schedule has left it."""
        return self._env.drawing

    @property
    def model(self) -> TabularMDP:
        """The model of that drawing."""
        return self._env.model

    @property
    def state(self) -> int:
        """Where the agent stands."""
        return self.states[-1]

    @property
    def score(self) -> float:
        """Undiscounted return so far."""
        return sum(transition.reward for transition in self.transitions)

    @property
    def over(self) -> bool:
        """Whether the episode has ended or was cut."""
        return bool(self.transitions) and (self.transitions[-1].terminated or self.transitions[-1].truncated)

    def step(self, action: int) -> Transition:
        """Do something.

        Raises:
            SandboxError: there is no such action, or the episode is over.
        """
        check(not self.over, "the episode is over: begin another one.")
        before = self.state
        _, reward, terminated, truncated, _ = self._env.step(action)
        done = Transition(before, int(action), reward, self._env.state, terminated, truncated)
        self.transitions.append(done)
        self.states.append(done.next_state)
        return done

    def episode(self) -> Episode:
        """What was done so far; an episode that goes on counts as cut."""
        return Episode(
            np.array(self.states, np.int64),
            np.array([done.action for done in self.transitions], np.int64),
            np.array([done.reward for done in self.transitions], np.float64),
            bool(self.transitions) and self.transitions[-1].terminated,
        )


def transitions(episode: Episode) -> Iterator[Transition]:
    """The steps of a recorded episode; one that did not end by itself was cut at its last."""
    last = len(episode) - 1
    for t in range(len(episode)):
        ends = t == last
        yield Transition(
            int(episode.states[t]),
            int(episode.actions[t]),
            float(episode.rewards[t]),
            int(episode.states[t + 1]),
            ends and episode.terminated,
            ends and not episode.terminated,
        )


def write_episode(episode: Episode, world: World, path: str | os.PathLike[str]) -> None:
    """Write an episode's transitions as CSV or, where the name ends in `.json`, as JSON.

    CSV columns: `step, state, row, column, carried, action, reward, next_state, next_row, next_column,
    next_carried, terminated, truncated`; actions go by their names, true is 1. Numbers are written so that
    reading them gives the very same floats.

    Raises:
        SandboxError: the file cannot be written.
    """
    as_text = _json if Path(path).suffix == ".json" else _csv
    write_atomically(path, as_text(episode, world).encode())


def _csv(episode: Episode, world: World) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    place = ("row", "column", "carried")
    head = ("step", "state", *place, "action", "reward", "next_state", *(f"next_{name}" for name in place))
    table.writerow([*head, "terminated", "truncated"])

    def where(state: int) -> tuple[int, int, int, int]:
        return state, *world.cell_of(state), state % world.inventory

    for t, done in enumerate(transitions(episode)):
        name, ends = world.actions[done.action].name, (int(done.terminated), int(done.truncated))
        table.writerow([t, *where(done.state), name, done.reward, *where(done.next_state), *ends])
    return text.getvalue()


def _json(episode: Episode, world: World) -> str:
    facts = {
        "world": world.name,
        "world_digest": world.digest,
        "actions": [action.name for action in world.actions],
        "return": episode.score,
        "transitions": [asdict(done) for done in transitions(episode)],
    }
    return json.dumps(facts, indent=1) + "\n"
