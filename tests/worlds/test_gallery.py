from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import GALLERY, gallery_world
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.world import World
from tests.worlds.solving import action_values, fewest_steps, optimal_values, value_of_start

IDS = (
    "grid_4x4 cliff_walking frozen_lake_4x4 frozen_lake_8x8 windy windy_kings windy_stochastic "
    "russell_norvig_4x3 dyna_maze blocking_maze shortcut_maze four_rooms random_walk_19 deep_sea key_door "
    "ten_armed_testbed drifting_testbed gambler taxi"
)


def made(name: str) -> World:
    world = gallery_world(name)
    assert world is not None
    return world


def test_the_gallery_has_its_worlds():
    assert list(GALLERY) == IDS.split()
    for name, entry in GALLERY.items():
        assert entry.id == name
        assert entry.make().name == entry.title
        assert entry.description.endswith(".")
        assert entry.make().advice() == ()
        assert entry.source
    assert gallery_world("no_such_world") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grid_4x4", 0.95),  # six steps, five of which cost 0.01, then +1
        ("cliff_walking", -13.0),  # up, eleven to the right, down
        ("windy", -15.0),
        ("windy_kings", -7.0),
        ("dyna_maze", 1.0),
        ("key_door", 1 - 0.01 * 13),  # four to the key, then two up, three right to the door, three, two down
        ("deep_sea", 0.99),  # as bsuite: +1 minus ten times 0.001
    ],
)
def test_a_deterministic_world_is_worth_what_one_counts(name, value):
    assert value_of_start(made(name)) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "steps", "afterwards"),
    [("dyna_maze", 14, None), ("blocking_maze", 10, 16), ("shortcut_maze", 16, 10), ("key_door", 14, None)],
)
def test_the_shortest_way_has_the_steps_of_the_book(name, steps, afterwards):
    world = made(name)
    assert fewest_steps(world) == pytest.approx(steps)
    if afterwards:
        change = world.schedule[0].step
        assert change == {"blocking_maze": 1000, "shortcut_maze": 3000}[name]
        assert fewest_steps(world.at_step(change - 1)) == pytest.approx(steps)
        assert fewest_steps(world.at_step(change)) == pytest.approx(afterwards)
        assert world.at_step(change).schedule == ()


def test_russell_and_norvigs_utilities():
    """Figure 17.3 of the book (3rd ed.), gamma 1."""
    world = made("russell_norvig_4x3")
    v = optimal_values(compile_world(world)).reshape(3, 4)
    book = np.array([[0.812, 0.868, 0.918, 0], [0.762, 0, 0.660, 0], [0.705, 0.655, 0.611, 0.388]])
    np.testing.assert_allclose(v, book, atol=5.1e-4)


def test_the_random_walk_is_worth_the_books_values_under_the_random_policy():
    """True values -0.9 ... 0.9 of example 7.1."""
    model = compile_world(made("random_walk_19"))
    v = np.zeros(model.n_states)
    for _ in range(3000):
        v = np.where(model.live, action_values(model, v, 1.0).mean(axis=1), 0.0)
    np.testing.assert_allclose(v[1:-1], np.arange(-9, 10) / 10, atol=1e-6)


def test_stochastic_wind_makes_the_way_longer_and_is_a_third_each():
    world = made("windy_stochastic")
    model = compile_world(world)
    up, s = 0, world.state_of((5, 6))  # strength 2 blows 1, 2 or 3
    outcomes = {world.cell_of(n): p for n, p in zip(model.next_state[s, up], model.prob[s, up], strict=True)}
    assert outcomes == pytest.approx({(3, 6): 1 / 3, (2, 6): 1 / 3, (1, 6): 1 / 3})
    calm = world.state_of((5, 0))
    assert model.prob[calm, up].tolist() == [1.0, 0, 0]
    assert value_of_start(world) < -7


def test_four_rooms_moves_as_in_the_paper():
    world = made("four_rooms")
    model = compile_world(world)
    s = world.state_of((3, 3))
    outcomes = {world.cell_of(n): p for n, p in zip(model.next_state[s, 1], model.prob[s, 1], strict=True)}
    assert outcomes == pytest.approx({(3, 4): 2 / 3, (2, 3): 1 / 9, (4, 3): 1 / 9, (3, 2): 1 / 9})
    assert fewest_steps(world.with_rules(slip=0.0)) == pytest.approx(14)
    assert (world.terrain == 0).sum() == 104


def test_deep_sea_is_found_by_one_path_only():
    """Of the 2**10 sequences of moves exactly one ends at the treasure."""
    world = made("deep_sea")
    model = compile_world(world)
    goal = world.state_of((10, 10))
    chance = model.start.copy()
    for _ in range(10):
        following = np.zeros_like(chance)
        for a in range(2):
            np.add.at(following, model.next_state[:, a, 0], chance / 2)
        chance = following
    assert chance[goal] == pytest.approx(2.0**-10)
    assert chance.reshape(11, 11)[:10].sum() == 0  # every episode ends after ten steps


# Gymnasium's actions (left, down, right, up; up, right, down, left) as numbers of ours.
FROZEN, CLIFF = (3, 2, 1, 0), (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("name", "theirs", "actions"),
    [
        ("frozen_lake_4x4", ("FrozenLake-v1", {"map_name": "4x4"}), FROZEN),
        ("frozen_lake_8x8", ("FrozenLake-v1", {"map_name": "8x8"}), FROZEN),
        ("cliff_walking", ("CliffWalking-v1", {}), CLIFF),
    ],
)
def test_the_model_is_gymnasiums(name, theirs, actions):
    """Probabilities and rewards of every reachable state that does not end the episode."""
    world = made(name)
    model = compile_world(world)
    table = gymnasium.make(theirs[0], **theirs[1]).unwrapped.P  # pyright: ignore[reportAttributeAccessIssue]
    compared = 0
    for s in np.flatnonzero(model.reachable & model.live):
        for action, ours in enumerate(actions):
            expected: dict[tuple[int, float, bool], float] = {}
            for p, n, reward, done in table[int(s)][action]:
                key = (int(n), float(reward), bool(done))
                expected[key] = expected.get(key, 0.0) + p
            found = {
                (
                    int(model.next_state[s, ours, k]),
                    float(model.reward[s, ours, k]),
                    bool(model.terminal[s, ours, k]),
                ): p
                for k, p in enumerate(model.prob[s, ours])
                if p > 0
            }
            assert found == pytest.approx(expected, abs=1e-15), (s, action)
            compared += 1
    assert compared == {"frozen_lake_4x4": 44, "frozen_lake_8x8": 212, "cliff_walking": 148}[name]


@pytest.mark.parametrize(
    ("name", "theirs"), [("frozen_lake_4x4", "FrozenLake-v1"), ("frozen_lake_8x8", "FrozenLake8x8-v1")]
)
def test_a_frozen_lake_has_gymnasiums_step_limit(name, theirs):
    assert made(name).rules.step_limit == gymnasium.spec(theirs).max_episode_steps


def test_the_frozen_lake_is_worth_what_is_known():
    """0.542 at gamma 0.99 and 0.8235 at gamma 1 are what value iteration gives on FrozenLake-v1 (4x4)."""
    assert value_of_start(made("frozen_lake_4x4"), 0.99) == pytest.approx(0.54203, abs=1e-4)
    assert value_of_start(made("frozen_lake_4x4"), 1.0) == pytest.approx(14 / 17, abs=1e-6)


@pytest.mark.parametrize("kind", ["maze", "cave"])
@pytest.mark.parametrize("size", ["5", "6", "21", "20x31", "128"])
def test_a_maze_or_cave_can_always_be_solved(kind, size):
    for seed in range(3):
        world = made(f"{kind}:{size}:{seed}")
        model = compile_world(world)
        free = int(model.live.sum()) + 1  # the goal is not live
        reached = model.reachable
        assert reached.sum() == free, "every free cell is reached"
        (start,), (goal,) = world.cells_of("start"), world.cells_of("goal")
        assert abs(start[0] - goal[0]) + abs(start[1] - goal[1]) >= (1 if size in ("5", "6") else 2)
        assert reached[world.state_of(goal)]
        assert (world.terrain[[0, -1]] != 0).all()
        assert (world.terrain[:, [0, -1]] != 0).all()


def test_a_larger_maze_has_loops_and_a_long_way():
    world = made("maze:31:4")
    rooms = 15 * 15
    passages = int((world.terrain == 0).sum()) - rooms
    assert passages > rooms - 1  # a tree over the rooms has exactly one less
    assert fewest_steps(world) > 31


def test_a_cave_is_wide_and_its_ends_are_far_apart():
    for seed in range(5):
        world = made(f"cave:40:{seed}")
        share = float((world.terrain == 0).mean())
        assert 0.25 < share < 0.75
        assert fewest_steps(world) >= 40


@pytest.mark.parametrize("kind", ["maze", "open", "cave"])
def test_a_seed_makes_one_world(kind):
    assert made(f"{kind}:17:5") == made(f"{kind}:17:5")
    assert made(f"{kind}:17:5").digest != made(f"{kind}:17:6").digest
    assert (made(f"{kind}:9x13:0").height, made(f"{kind}:9x13:0").width) == (9, 13)


def test_an_open_grid_is_as_far_as_its_cells_are_apart():
    for seed in range(5):
        world = made(f"open:20:{seed}")
        (r0, c0), (r1, c1) = world.cells_of("start")[0], world.cells_of("goal")[0]
        distance = abs(r0 - r1) + abs(c0 - c1)
        assert distance >= 10
        assert value_of_start(world) == -distance


@pytest.mark.parametrize(
    "name",
    [
        "maze:4:0",
        "maze:513:0",
        "maze:21",
        "maze:21:-1",
        "open:5x:0",
        "open::",
        "maze:²:0",
        "cave:4:0",
        "cave:21",
    ],
)
def test_a_wrong_size_or_seed_gives_a_sentence(name):
    with pytest.raises(SandboxError, match=name.split(":")[0]):
        gallery_world(name)
