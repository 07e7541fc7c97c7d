"""A person's episode: the world's own outcomes and rewards, recorded and written."""

import csv
import json

import numpy as np
import pytest

from rlsandbox.training.driving import Drive, Transition, transitions, write_episode
from rlsandbox.training.episodes import record_episode
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.rules import Change
from rlsandbox.worlds.world import World

UP, RIGHT, DOWN, LEFT = range(4)


def corridor(**rules) -> World:
    """Start, floor, goal (+1) in a row."""
    world = World.blank(1, 3).painted([(0, 0)], "start").painted([(0, 2)], "goal")
    return world.with_rules(**{"step_reward": -0.5, **rules}).with_cell((0, 2), reward=1.0)


def test_the_way_along_the_cliff_is_worth_minus_thirteen():
    drive = Drive("cliff_walking")
    done = [drive.step(action) for action in (UP, *[RIGHT] * 11, DOWN)]
    assert (drive.score, drive.over, len(done)) == (-13.0, True, 13)
    assert done[0] == Transition(36, UP, -1.0, 24, terminated=False, truncated=False)
    assert done[-1] == Transition(35, DOWN, -1.0, 47, terminated=True, truncated=False)


def test_who_falls_off_the_cliff_begins_again_and_pays_for_it():
    drive = Drive("cliff_walking")
    fall = drive.step(RIGHT)
    assert (fall.reward, fall.next_state, drive.over) == (-100.0, 36, False)


def test_an_episode_is_what_was_done():
    drive = Drive(corridor())
    for action in (LEFT, RIGHT, RIGHT):
        drive.step(action)
    episode = drive.episode()
    assert episode.states.tolist() == [0, 0, 1, 2]
    assert episode.actions.tolist() == [LEFT, RIGHT, RIGHT]
    assert episode.rewards.tolist() == [-0.5, -0.5, 1.0]
    assert (episode.terminated, episode.score, len(episode)) == (True, 0.0, 3)
    assert list(transitions(episode)) == drive.transitions


def test_the_step_limit_cuts_and_nothing_can_be_done_after_the_end():
    drive = Drive(corridor(step_limit=2))
    drive.step(LEFT)
    last = drive.step(LEFT)
    assert (last.terminated, last.truncated, drive.over) == (False, True, True)
    assert list(transitions(drive.episode())) == drive.transitions
    with pytest.raises(SandboxError, match="the episode is over"):
        drive.step(LEFT)


def test_nothing_is_done_by_an_action_that_is_not_there():
    drive = Drive(corridor())
    with pytest.raises(SandboxError, match="there is no action 7"):
        drive.step(7)
    assert (drive.state, drive.transitions, len(drive.episode())) == (0, [], 0)


def test_the_dice_are_the_seeds():
    lake, actions = World.blank(5, 5).with_rules(slip=0.5, slip_kind="random"), [RIGHT, DOWN] * 20

    def driven(seed: int) -> list[int]:
        drive = Drive(lake.painted([(2, 2)], "start"), seed)
        for action in actions:
            drive.step(action)
        return drive.states

    assert driven(1) == driven(1) != driven(2)


def test_slips_are_as_likely_as_the_world_says():
    drive = Drive(World.blank(3, 3).painted([(1, 1)], "start").with_rules(slip=0.5), 3)
    ways = []
    for _ in range(4000):
        before = drive.state
        drive.step(RIGHT)
        if before % 3 == 0:  # in the left column, where nothing stops a move to the right
            ways.append(drive.state - before == 1)
        drive.step(LEFT)
    # half of them go right; four standard errors of a share of a half
    assert abs(np.mean(ways) - 0.5) < 4 * 0.5 / np.sqrt(len(ways))


def test_a_wall_that_the_schedule_brings_stands_in_the_way():
    world = corridor()
    drive = Drive(world.replace(schedule=(Change(1, ((0, 1, "wall"),)),)))
    assert drive.world.tile_at((0, 1)).id == "floor"
    drive.step(LEFT)
    assert drive.world.tile_at((0, 1)).id == "wall"
    assert drive.step(RIGHT).next_state == 0


def test_nobody_can_drive_where_nobody_can_act():
    with pytest.raises(SandboxError, match="nobody can act where an episode"):
        Drive(World.blank(1, 1).painted([(0, 0)], "goal"))


@pytest.fixture
def driven(tmp_path):
    world = corridor()
    drive = Drive(world)
    drive.step(RIGHT)
    drive.step(RIGHT)
    return drive.episode(), world, tmp_path


def test_an_episode_as_csv(driven):
    episode, world, folder = driven
    write_episode(episode, world, folder / "episode.csv")
    with open(folder / "episode.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[1].values()) == ["1", "1", "0", "1", "0", "right", "1.0", "2", "0", "2", "0", "1", "0"]
    before, after = ["state", "row", "column", "carried"], ["next_state", "next_row", "next_column"]
    ends = ["next_carried", "terminated", "truncated"]
    assert list(rows[1]) == ["step", *before, "action", "reward", *after, *ends]
    assert [float(row["reward"]) for row in rows] == episode.rewards.tolist()


def test_an_episode_as_json(driven):
    episode, world, folder = driven
    write_episode(episode, world, folder / "episode.json")
    facts = json.loads((folder / "episode.json").read_text())
    assert (facts["world_digest"], facts["return"]) == (world.digest, 0.5)
    assert [Transition(**row) for row in facts["transitions"]] == list(transitions(episode))


def test_a_recorded_episode_that_was_cut_says_so():
    mdp = compile_world(corridor())
    left = np.eye(4)[np.full(3, LEFT)]
    done = list(transitions(record_episode(mdp, left, seed=0, cap=4)))
    assert [step.truncated for step in done] == [False, False, False, True]
    assert not any(step.terminated for step in done)
