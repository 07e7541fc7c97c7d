"""Worlds that can only be played: against Gymnasium itself, and what is said when they fail."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.gym_world import GymWorld
from rlsandbox.worlds.places import dumps, loads, open_place
from rlsandbox.worlds.point import Physics
from rlsandbox.worlds.point_world import PointWorld
from rlsandbox.worlds.simulation import Dimension, Simulation, Slice
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

BOTH = np.ones(2, np.bool_)


def drawn() -> World:
    return world_from_rows(("S.~", ".#G"), "Drawn")


def actions_for(place: Simulation, rng: Any, shape: tuple[int, int]) -> Any:
    if place.actions.continuous:
        return rng.normal(size=(*shape, place.actions.size)).astype(np.float32)
    return rng.integers(place.actions.size, size=shape)


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "FrozenLake-v1", "MountainCarContinuous-v0"])
def test_copies_are_environments_of_gymnasium(name):
    place = GymWorld(name)
    walkers, rng = place.walkers((3, 11), 2), np.random.default_rng(0)
    seeds = [[np.random.SeedSequence([seed, e]).generate_state(1)[0] for e in range(2)] for seed in (3, 11)]
    alone = [[gymnasium.make(name) for _ in range(2)] for _ in range(2)]
    for i, e in np.ndindex(2, 2):
        np.testing.assert_array_equal(alone[i][e].reset(seed=int(seeds[i][e]))[0], walkers.seen[i, e])
    ended = 0
    for _ in range(250):
        actions = actions_for(place, rng, (2, 2))
        outcome = walkers.step(actions, BOTH)
        for i, e in np.ndindex(2, 2):
            action: Any = actions[i, e]
            if place.actions.continuous:
                action = np.clip(action, place.actions.low, place.actions.high).astype(np.float32)
            seen, reward, terminated, truncated, _ = alone[i][e].step(action)
            np.testing.assert_allclose(outcome.arrived[i, e], seen, rtol=1e-6)
            assert outcome.reward[i, e] == float(reward)
            assert (outcome.terminated[i, e], outcome.truncated[i, e]) == (terminated, truncated)
            if terminated or truncated:
                seen, _ = alone[i][e].reset()
                ended += 1
            np.testing.assert_allclose(walkers.seen[i, e], seen, rtol=1e-6)
    assert ended > 0 or name == "MountainCarContinuous-v0"
    walkers.close()


@pytest.mark.parametrize("place", [PointWorld(drawn()), GymWorld("CartPole-v1"), GymWorld("Pendulum-v1")])
def test_who_rests_stays_and_a_replica_is_what_it_would_be_alone(place):
    together, rng = place.walkers((3, 11), 3), np.random.default_rng(0)
    alone = place.walkers((11,), 3)
    for step in range(60):
        actions, moving = actions_for(place, rng, (2, 3)), np.array([step % 2 == 0, True])
        before = together.seen[0].copy()
        outcome, single = together.step(actions, moving), alone.step(actions[1:], np.ones(1, np.bool_))
        if not moving[0]:
            np.testing.assert_array_equal(together.seen[0], before)
        for mine, own in zip(outcome, single, strict=True):
            np.testing.assert_array_equal(mine[1], own[0])
        np.testing.assert_array_equal(together.seen[1], alone.seen[0])


def test_points_are_those_of_the_environment():
    """The same drawing, force and dice as `rlsandbox/Point-v0`, from the same place."""
    world, rng = drawn().with_rules(slip=0.2, step_limit=30), np.random.default_rng(5)
    walkers = PointWorld(world).walkers((4,), 1)
    env: Any = gymnasium.make("rlsandbox/Point-v0", world=world).unwrapped
    env.reset(seed=0)
    env._points.state[0], env._points.rng[0] = walkers.place[0, 0], walkers.rng[0, 0]
    for _ in range(200):
        force = rng.uniform(-1, 1, 2)
        outcome = walkers.step(force[None, None], np.ones(1, np.bool_))
        seen, reward, terminated, truncated, _ = env.step(force)
        np.testing.assert_array_equal(outcome.arrived[0, 0], seen)
        assert (outcome.reward[0, 0], outcome.terminated[0, 0]) == (reward, terminated)
        assert outcome.truncated[0, 0] == (truncated and not terminated)
        if terminated or truncated:
            env._points.state[0], env._points.rng[0] = walkers.place[0, 0], walkers.rng[0, 0]
            env._points.steps[0] = 0


def test_points_go_on_from_their_arrays_and_leave_walls():
    place = PointWorld(drawn())
    one, other = place.walkers((3, 11), 4), place.walkers((5, 6), 4)
    rng = np.random.default_rng(0)
    for _ in range(20):
        one.step(actions_for(place, rng, (2, 4)), BOTH)
    for name, array in other.arrays().items():
        array[...] = one.arrays()[name]
    other.came_back()
    np.testing.assert_array_equal(one.seen, other.seen)
    actions = actions_for(place, rng, (2, 4))
    for mine, own in zip(one.step(actions, BOTH), other.step(actions, BOTH), strict=True):
        np.testing.assert_array_equal(mine, own)
    edited = PointWorld(drawn().painted([(0, 0)], "wall").painted([(1, 0)], "start"))
    one.arrays()["place"][0, 0] = (0.5, 0.5, 0.0, 0.0)  # where a wall is now
    one.arrays()["place"][0, 1] = (1.5, 0.5, 1.0, 0.0)
    moved = edited.walkers((3, 11), 4)
    stayed = moved.take_over(one)
    assert not stayed[0, 0] and stayed[0, 1]
    assert tuple(moved.arrays()["place"][0, 1]) == (1.5, 0.5, 1.0, 0.0)
    assert moved.arrays()["place"][0, 0, 1] >= 1.0


@pytest.mark.parametrize("name", ["gym:CartPole-v1", "point:cliff_walking", "grid_4x4"])
def test_places_by_name_and_as_text(name):
    place = open_place(name)
    assert loads(dumps(place)) == place and open_place(place) is place
    assert place.name == {"gym:CartPole-v1": name, "point:cliff_walking": "point:Cliff walking"}.get(
        name, gallery_world(name) and "Grid world 4x4"
    )


def test_physics_belongs_to_a_place():
    heavy = PointWorld(drawn(), Physics(thrust=2.0))
    assert loads(dumps(heavy)) == heavy and heavy.digest != PointWorld(drawn()).digest


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gym:Nope-v1", "there is no environment 'Nope-v1'"),
        ("gym:", "name an environment after gym:"),
        ("gym:Blackjack-v1", "shows a Tuple space"),
        ("point:nowhere", "there is no world 'nowhere'"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(name, said):
    with pytest.raises(SandboxError, match=said):
        _ = open_place(name).actions


def test_a_malformed_place_is_said_to_be():
    for text in (
        '{"gym": "os:Nope-v0"}',
        '{"gym": 3',
        '{"point": "x", "physics": {}}',
        '{"point": 5}',
        '{"gym": []}',
        "{}",
    ):
        with pytest.raises(SandboxError):
            _ = loads(text).actions


class Faulty(gymnasium.Env[Any, Any]):
    """Two numbers, two actions; from its fifth step on something is wrong with it."""

    metadata: Any = {"render_modes": ["rgb_array"]}  # noqa: RUF012
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, fault: str, render_mode: str | None = None) -> None:
        self.fault, self.made, self.render_mode = fault, 0, render_mode

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        self.made += 1
        if self.made < 5:
            return np.zeros(2, np.float32), 0.0, False, False, {}
        wrong: dict[str, Any] = {
            "nan": np.array([0.0, np.nan], np.float32),
            "shape": np.zeros(3, np.float32),
            "none": None,
        }
        if self.fault == "raises":
            raise ValueError("the motor is on fire\nand more")
        if self.fault == "short":
            return np.zeros(2), 0.0
        paid: Any = {"rich": np.inf, "words": "much"}.get(self.fault, 0.0)
        return wrong.get(self.fault, np.zeros(2, np.float32)), paid, False, False, {}

    def render(self) -> Any:
        if self.fault == "unseen":
            raise RuntimeError("no screen")
        return np.zeros((4, 6), np.uint8) if self.fault == "flat" else np.zeros((4, 6, 3), np.uint8)


FAULTS = {
    "raises": "failed in step: ValueError: the motor is on fire",
    "short": "failed in step: ",
    "nan": "shows nan in an observation",
    "shape": r"shows an observation of shape \(3,\)",
    "none": "shows an observation",
    "rich": "paid inf",
    "words": "paid much",
}


@pytest.fixture
def faulty() -> Iterator[None]:
    for fault in (*FAULTS, "unseen", "flat", "well"):
        made: Any = Faulty
        gymnasium.register(f"Faulty{fault.title()}-v0", entry_point=made, kwargs={"fault": fault})
    yield
    for fault in (*FAULTS, "unseen", "flat", "well"):
        del gymnasium.registry[f"Faulty{fault.title()}-v0"]


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("fault", FAULTS)
def test_an_environment_that_fails_says_how(fault):
    walkers = GymWorld(f"Faulty{fault.title()}-v0").walkers((0,), 1)
    with pytest.raises(SandboxError, match=FAULTS[fault]) as caught:
        for _ in range(9):
            walkers.step(np.zeros((1, 1), np.int64), np.ones(1, np.bool_))
    assert "\n" not in caught.value.message


@pytest.mark.usefixtures("faulty")
def test_pictures_and_those_that_cannot_be_drawn():
    def frame(name: str) -> Any:
        return GymWorld(name).walkers((0,), 1, pictures=True).frame(0)

    assert frame("FaultyWell-v0").shape == (4, 6, 3)
    with pytest.raises(SandboxError, match="FaultyUnseen-v0 cannot be drawn: RuntimeError: no screen"):
        frame("FaultyUnseen-v0")
    with pytest.raises(SandboxError, match="FaultyFlat-v0 cannot be drawn: what it gives is not a picture"):
        frame("FaultyFlat-v0")
    assert PointWorld(drawn()).walkers((0,), 1).frame(0).shape[2] == 3


def test_a_slice_by_hand():
    """Two columns of x in -1..1 (middles -0.5, 0.5), three rows of z in 0..3, y stays at 7."""
    dimensions = (Dimension("x", -1, 1), Dimension("y", -9, 9), Dimension("z", 0, 3))
    chosen = Slice(0, 2, 2, 3, (5.0, 7.0, 5.0))
    points = chosen.points(dimensions)
    assert points.tolist() == [[x, 7.0, z] for z in (0.5, 1.5, 2.5) for x in (-0.5, 0.5)]  # row by row
    np.testing.assert_array_equal(chosen.spots(points, dimensions), range(6))
    outside = np.array([[-4.0, 0.0, 99.0], [np.nan, 0.0, 0.0]], np.float32)
    np.testing.assert_array_equal(chosen.spots(outside, dimensions), [4, 0])
