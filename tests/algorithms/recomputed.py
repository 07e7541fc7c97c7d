"""What the tests of control methods share: every step of an agent, to be recomputed by hand."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Update
from rlsandbox.worlds.world import World
from tests.helpers import begin, eventful, last_update

CONFIG: dict[str, Any] = {"alpha": 0.3, "gamma": 0.9, "epsilon": 0.4}
STEPS = 300


SOFT = {"exploration": "softmax", "temperature": 0.7}


class Seen(NamedTuple):
    """One step: tables before and after, the pair that was left, its record and what came next."""

    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]
    s: int
    a: int
    update: Update
    a_next: int


def walked(algorithm: str, world: World | None = None, **config: Any) -> Iterator[Seen]:
    """The first steps of an agent in the eventful world, whatever the record says of them."""
    session = begin(algorithm, world or eventful(), **{**CONFIG, **config})
    before = session.agent.state()
    for _ in range(STEPS):
        session.tick(1)
        after = session.agent.state()
        counted = after["tables.visits"][0] - before["tables.visits"][0]
        s, a = np.argwhere(counted)[0].tolist()
        yield Seen(before, after, s, a, last_update(session.agent), int(after["walk.action"][0]))
        before = after


def close(one: Any, other: Any) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-12))


def text(parts: Any) -> str:
    return "".join(part.text for part in parts)


def chances(values: np.ndarray, **config: Any) -> np.ndarray:
    """Epsilon-greedy or softmax, worked out plainly."""
    if config.get("exploration") == "softmax":
        weights = np.exp(values / config["temperature"])
        return weights / weights.sum()
    epsilon = {**CONFIG, **config}["epsilon"]
    best = (values == values.max()).astype(float)
    return epsilon / values.size + (1 - epsilon) * best / best.sum()
