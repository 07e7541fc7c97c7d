"""What the tests of deep agents share: records as numbers, presets, and plain recursions to compare with."""

import re
from typing import Any

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import Part, Update
from rlsandbox.learning.rolling import Transitions
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.helpers import begin, digest

SMALL: dict[str, Any] = {"units": 8, "layers": 1, "gamma": 0.9}
"""Networks small enough to be looked at."""


def brisk() -> World:
    """Episodes end soon here, by arriving, by falling and by being cut; moves slip and rewards are noisy."""
    world = world_from_rows(("S..G", ".#.P"), "Brisk", Rules(step_reward=-0.3, slip=0.1, step_limit=9))
    return world.with_cell((0, 1), reward_sd=0.7)


def learnt(algorithm: str, **options: Any) -> str:
    """Hash of all that an agent has become in the brisk world."""
    session = begin(algorithm, brisk(), **options)
    session.run()
    return digest(session)


def figures(parts: tuple[Part, ...]) -> list[float]:
    """The numbers in a written line, in the order in which they stand."""
    text = "".join(part.text for part in parts)
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", text)]


def lines(update: Update) -> list[list[float]]:
    """The numbers in the record and in each line beneath it."""
    return [figures(update.parts), *(figures(line.parts) for line in update.lines)]


def near(value: Any, digits: float = 2e-3) -> Any:
    """What is written has four significant digits."""
    return pytest.approx(value, rel=digits, abs=2e-4)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def plain_advantages(
    memory: Transitions, i: int, v: np.ndarray, gamma: float, lam: float, n_copies: int
) -> Any:
    """Sums of fading TD errors, from every step to the end of its episode or of the rollout."""
    size, found = memory.state.shape[1], []
    ends = memory.terminated[i] | memory.truncated[i]
    following = np.where(memory.terminated[i], 0.0, v[memory.next_state[i]])
    delta = memory.reward[i] + gamma * following - v[memory.state[i]]
    for first in range(size):
        total, factor = 0.0, 1.0
        for at in range(first, size, n_copies):
            total, factor = total + factor * delta[at], factor * gamma * lam
            if ends[at]:
                break
        found.append(total)
    return np.array(found)


def course(algorithm: str, share: float = 1.0) -> TrainingSession:
    """Three seeds of the preset of a first course on the 4x4 grid, with a share of its budget."""
    preset = registry()[algorithm].presets["course"]
    budget = {name: int(share * size) for name in ("steps", "episodes") if (size := getattr(preset, name))}
    session = begin(algorithm, open_world("grid_4x4"), (0, 1, 2), **budget, **preset.values)
    session.run()
    return session


def assert_solved(session: TrainingSession) -> None:
    found = session.evaluate()
    assert [gap is not None and gap < 1e-9 for gap in found.oracle_gap] == [True] * 3


def assert_replicas_are_their_single_runs(algorithm: str, stride: int, **options: Any) -> None:
    """On the open 10x10 grid, to the end of a budget or for fifty updates.

    The steps are the same, the weights equal to float tolerance.
    """
    seeds = (0, 1, 2)
    world = open_world("open:10:0")
    many, *alone = (
        begin(algorithm, world, some, **options) for some in (seeds, *((seed,) for seed in seeds))
    )
    for session in (many, *alone):
        while session.agent.state()["updates"][0] < 50 or session.episode_budget is not None:
            if not session.tick(stride):
                break
    for k, single in enumerate(alone):
        mine, own = many.agent.state(), single.agent.state()
        for name in ("walk.rng", "walk.steps", "memory.state", "memory.action", "memory.reward"):
            np.testing.assert_array_equal(mine[name][k], own[name][0], err_msg=name)
        assert own["updates"][0] >= 40
        for (w, b), (w_own, b_own) in zip(nets(many).layers(k), nets(single).layers(0), strict=True):
            np.testing.assert_allclose(w, w_own, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(b, b_own, rtol=1e-4, atol=1e-5)
        assert np.abs(nets(single).layers(0)[0][0] - nets(alone[k - 1]).layers(0)[0][0]).max() > 0.01


def nets(session: TrainingSession) -> Any:
    agent: Any = session.agent
    return agent.nets
