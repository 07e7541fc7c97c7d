"""Networks that see several frames: what they tell apart, and that every rule holds for them as well."""

from __future__ import annotations

import csv
import dataclasses
from typing import Any

import numpy as np
import onnxruntime
import pytest

import rlsandbox
from rlsandbox.learning.agent import View
from rlsandbox.learning.oracle import policy_values, solve
from rlsandbox.learning.problem import Simulated
from rlsandbox.learning.stacks import Stacks
from rlsandbox.policies.exports import python_source, write_csv
from rlsandbox.policies.files import load_policy, save_policy
from rlsandbox.policies.onnx_file import write_onnx
from rlsandbox.studio.occupancy import SteadyOccupancy
from rlsandbox.studio.telling import recorded
from rlsandbox.training.checkpoints import load_checkpoint, save_checkpoint
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.observations import observe
from rlsandbox.worlds.places import open_place
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.helpers import advance, begin, digest, eventful

SEEDS = (3, 11)
STACKED: dict[str, dict[str, Any]] = {
    "a2c": {"frames": 2},
    "actor_critic": {"frames": 2, "units": 16},
    "dqn": {"frames": 3, "observation": "window", "train_every": 8},
    "ppo": {"frames": 2, "observation": "planes", "n_steps": 64, "units": 16},
    "reinforce": {"frames": 2},
    "sac": {"frames": 2, "units": 16, "batch": 16, "learning_starts": 50, "train_every": 8},
    "trpo": {"frames": 2, "n_steps": 64},
}
"""Agents of several kinds, and different things that they see."""
every_kind = pytest.mark.parametrize("algorithm", STACKED)


def lively(algorithm: str, seeds: tuple[int, ...] = SEEDS, **options: Any) -> Any:
    return begin(algorithm, eventful(), seeds, **STACKED[algorithm], **options)


def to_its_end(session: TrainingSession) -> TrainingSession:
    while session.tick(600):
        pass
    return session


def two_ways() -> World:
    """From either end the goal is in the middle; three steps from it there is only floor to be seen."""
    return world_from_rows(("S....G....S",), "Two ways", Rules(step_reward=-0.1, step_limit=30))


# -- stacks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_a_walk_through_the_stacks_is_a_walk_through_the_world(frames):
    mdp = compile_world(eventful())
    stacks = Stacks.of(mdp, frames)
    states, walked, last = stacks.states, stacks.mdp, stacks.last
    assert len(set(map(tuple, states.tolist()))) == len(states)
    assert np.array_equal(states[: mdp.n_states], np.repeat(np.arange(mdp.n_states)[:, None], frames, axis=1))
    for name in ("prob", "reward", "reward_sd", "terminal", "live"):
        assert np.array_equal(getattr(walked, name), getattr(mdp, name)[last])
    t, a, k = np.nonzero(walked.prob > 0)
    arrived = states[walked.next_state[t, a, k]]
    assert np.array_equal(arrived[:, :-1], states[t, 1:])
    assert np.array_equal(arrived[:, -1], mdp.next_state[last[t], a, k])
    assert np.array_equal(walked.start_states, mdp.start_states)
    assert np.array_equal(stacks.folded(walked.start), mdp.start)


def test_every_stack_can_be_walked_and_one_frame_is_the_world_itself():
    mdp = compile_world(corridor_of_three())
    assert Stacks.of(mdp, 1).mdp is mdp
    found = {tuple(row) for row in Stacks.of(mdp, 2).states.tolist()}
    assert found == {(s, n) for s in range(3) for n in (s - 1, s, s + 1) if 0 <= n < 3 and s != 2} | {(2, 2)}


def corridor_of_three() -> World:
    return world_from_rows(("S.G",))


@pytest.mark.parametrize("name", ["grid_4x4", "four_rooms", "key_door"])
def test_what_stacks_are_worth_is_what_their_last_states_are_worth(name):
    world = gallery_world(name)
    assert world is not None
    mdp = compile_world(world)
    stacks = Stacks.of(mdp, 2)
    truth, lifted = solve(mdp, 0.97), solve(stacks.mdp, 0.97)
    assert truth is not None and lifted is not None
    np.testing.assert_allclose(lifted.v, truth.v[stacks.last], atol=1e-9)


def test_too_many_stacks_are_refused_in_a_sentence_and_an_edit_that_makes_them_changes_nothing():
    with pytest.raises(SandboxError, match=r"8 frames of 10,000 states can look in more than 100,000 ways"):
        begin("dqn", open_world("open:100:0"), frames=8)
    session = begin("dqn", open_world("open:30:0"), frames=3, units=8)
    advance(session, 50)
    before, commands = digest(session), list(session.commands)
    with pytest.raises(SandboxError, match="choose fewer frames or a smaller world"):
        session.replace_world(open_world("open:150:0"))
    assert digest(session) == before and session.commands == commands
    assert session.tick()


# -- what they learn -------------------------------------------------------------------------------


def test_one_frame_cannot_tell_two_places_apart_where_two_frames_find_the_goal():
    world = two_ways()
    seen = observe(world, [2, 8], "window")
    assert np.array_equal(seen[0], seen[1])  # the way is to the right in 2, and to the left in 8
    wishes: dict[str, Any] = {"observation": "window", "epsilon_steps": 3000}
    alone, both = (
        rlsandbox.train("dqn", world, steps=8_000, seeds=2, frames=frames, **wishes).evaluation
        for frames in (1, 2)
    )
    assert both.oracle_gap == pytest.approx([0.0, 0.0], abs=1e-9) and both.ended == [1.0, 1.0]
    assert all(gap is not None and gap > 5 for gap in alone.oracle_gap)  # from one of the ends at best


def test_a_screen_shows_each_state_as_it_was_come_to():
    wishes: dict[str, Any] = {"observation": "window", "frames": 2, "epsilon_steps": 3000}
    result = rlsandbox.train("dqn", two_ways(), steps=8_000, **wishes)
    shown = result.session.agent.snapshot(View(replica=0)).policy.argmax(axis=1)
    names = [action.name for action in result.session.world.actions]
    right, left = names.index("right"), names.index("left")
    expected = [right] * 5 + [left] * 5
    assert np.delete(shown, 5).tolist() == expected
    assert np.delete(result.policy.snapshot(0).policy.argmax(axis=1), 5).tolist() == expected


# -- the rules of all agents -----------------------------------------------------------------------


@every_kind
def test_strides_and_going_on_change_nothing(algorithm):
    whole, saved = to_its_end(lively(algorithm, steps=600)), []
    session = lively(algorithm, steps=600)
    while True:
        saved.append(session.checkpoint_moment())
        if not session.tick(1 + len(saved) % 3):
            break
    assert digest(session) == digest(whole)
    for moment in saved[:: len(saved) // 6]:
        other = lively(algorithm, steps=600)
        other.go_to(moment)
        assert digest(to_its_end(other)) == digest(whole), moment.clock


@every_kind
def test_a_replica_is_the_run_with_its_one_seed(algorithm):
    many = to_its_end(lively(algorithm, episodes=30))
    for k, seed in enumerate(SEEDS):
        single = to_its_end(lively(algorithm, (seed,), episodes=30))
        wants = frozenset({"visits", "trail"})
        one, other = (
            session.agent.snapshot(View(replica=replica, wants=wants))
            for session, replica in ((many, k), (single, 0))
        )
        np.testing.assert_array_equal(one.visits, other.visits)
        np.testing.assert_array_equal(one.trail, other.trail)
        np.testing.assert_allclose(one.v, other.v, rtol=1e-4, atol=1e-5)
        assert one.state == other.state


@every_kind
def test_what_a_screen_sees_is_of_states(algorithm):
    session = advance(lively(algorithm), 500)
    world, mdp = session.world, session.agent.problem.mdp
    agent: Any = session.agent
    shot = agent.snapshot(View(replica=1, wants=frozenset({"visits"}), selected=1))
    assert shot.v.shape == (world.n_states,) and shot.q.shape == shot.policy.shape == (world.n_states, 4)
    visits = shot.visits
    assert visits.shape == (world.n_states, 4)
    assert visits.sum() == agent.walk.steps[1]
    assert -1 <= shot.state < world.n_states and shot.trail.max() < world.n_states
    if shot.backup is not None:
        assert shot.backup.state == 1 and shot.backup.next_state < world.n_states
    if shot.update is not None:
        assert 0 <= shot.update.state < world.n_states and 0 <= shot.update.next_state < world.n_states
    every = agent.shown_values(slice(1, 2))[0][0]
    met, last = agent.ground.visits[1].sum(axis=1), agent.stacks.last
    for s in range(world.n_states):  # as it came there most often
        ways = np.flatnonzero(last == s)
        best = ways[met[ways] == met[ways].max()] if met[ways].any() else [s]
        assert shot.v[s] in (every[best] if mdp.live[s] else [0.0])


@every_kind
def test_an_edit_keeps_what_was_learnt_and_the_time_machine_goes_back_over_it(algorithm, tmp_path):
    session = advance(lively(algorithm), 200)
    learnt = {name: array.copy() for name, array in session.agent.learnt().items()}
    world = session.world
    session.replace_world(world.painted([(2, 1)], "wall"))  # fewer ways to go, but the same states
    if STACKED[algorithm].get("observation") != "planes":
        for name, array in session.agent.learnt().items():
            if "target" not in name:
                np.testing.assert_array_equal(array, learnt[name])
    advance(session, 330)
    session.replace_world(session.world.resized(4, 6))
    advance(session, 450)
    save_checkpoint(session, tmp_path / "now.rlcheckpoint")
    end, found = digest(session), load_checkpoint(tmp_path / "now.rlcheckpoint")
    assert digest(found) == end
    session.go_to(session.history.moments[0], until=450)
    assert digest(session) == end


def test_one_hot_inputs_of_every_frame_move_with_their_states():
    session = advance(begin("dqn", world_from_rows(("S..", "..G")), frames=2, units=8), 150)
    agent: Any = session.agent
    still = np.arange(6)
    old = agent.stacks, agent.action_values()[0].copy()
    session.replace_world(session.world.resized(3, 4))
    there = (still // 3) * 4 + still % 3
    after = agent.action_values()[0]
    for number, states in enumerate(old[0].states):
        now = np.flatnonzero((agent.stacks.states == there[states]).all(axis=1))
        if now.size:
            np.testing.assert_allclose(after[now[0]], old[1][number], atol=1e-6)
    assert agent.memory.count[0] == 0


# -- evaluation, episodes, policies ----------------------------------------------------------------


def trained(**options: Any) -> Any:
    wishes: dict[str, Any] = {"frames": 2, "units": 16, "seeds": 2, "steps": 700, **options}
    return rlsandbox.train("dqn", "key_door", **wishes)


def test_figures_are_those_of_the_walk_through_the_stacks():
    result = rlsandbox.train("dqn", two_ways(), steps=300, frames=2, units=16, observation="xy", gamma=0.9)
    agent = result.session.agent
    v = policy_values(agent.stacks.mdp, agent.policy().probs[0], 0.9)
    truth = solve(agent.problem.mdp, 0.9)
    assert v is not None and truth is not None
    starts = agent.stacks.mdp.start_states
    expected = truth.v_start - agent.stacks.mdp.start[starts] @ v[starts]
    assert result.evaluation.oracle_gap == pytest.approx([expected], abs=1e-9)
    share = SteadyOccupancy().progress(result.session, View(wants=frozenset({"occupancy"})), False)
    field = share.snapshot.fields["occupancy"]
    assert field.shape == (11,) and 0 < field.sum() <= 1 + 1e-9


def test_an_episode_is_shown_state_by_state_and_follows_the_stacks():
    session = trained().session
    episode: Any = recorded(session, 1, 5)
    agent = session.agent
    stack = agent.stacks.number([episode.states[0]] * 2)
    for state, action, following in zip(episode.states, episode.actions, episode.states[1:], strict=False):
        assert agent.stacks.last[stack] == state and agent.policy().probs[1, stack, action] > 0
        assert following in agent.problem.mdp.next_state[state, action]
        stack = agent.stacks.number([state, following])


def test_a_policy_goes_through_its_file_and_acts_by_its_last_states(tmp_path):
    policy = trained().policy
    save_policy(policy, tmp_path / "two.rlpolicy")
    found = load_policy(tmp_path / "two.rlpolicy")
    assert found.frames == 2 and found.network is not None
    np.testing.assert_array_equal(found.probs, policy.probs)
    figures = rlsandbox.evaluate(found, episodes=20).greedy_return
    assert figures == rlsandbox.evaluate(policy, episodes=20).greedy_return
    stacks, network = found.stacks, found.network
    every = network.observed(found.world, stacks.states)
    assert every.shape == (len(stacks.states), 2 * found.world.n_states)
    said = network.outputs(every, 1)
    np.testing.assert_allclose(network.outputs(stacks.states, 1), said, atol=1e-6)  # by numbers
    framed = every.reshape(len(every), 2, -1)
    np.testing.assert_allclose(network.outputs(framed, 1), said, atol=1e-6)  # as Gymnasium stacks frames
    np.testing.assert_array_equal(network.outputs([5, 7]), network.outputs([[5, 5], [7, 7]]))
    assert network.act(5) == network.act([5, 5])
    for wrong in (found.world.n_states, [0, -1]):
        with pytest.raises(SandboxError, match="the numbers that this policy knows go from 0 to"):
            network.act(wrong)
    clear = np.ptp(np.sort(said, axis=1)[:, -2:], axis=1) > 1e-4
    assert np.array_equal(said.argmax(axis=1)[clear], found.greedy_actions[1][clear])
    number = int(np.flatnonzero(stacks.states[:, 0] != stacks.states[:, 1])[3])
    assert found.act(stacks.states[number], replica=1) == found.greedy_actions[1, number]
    assert found.act(5) == found.act([5, 5])
    with pytest.raises(SandboxError, match="no 2 states that follow each other"):
        found.act([0, found.world.n_states - 1])
    with pytest.raises(SandboxError, match="acts by the last 2 states"):
        rlsandbox.train("td0", found.world, policy=found, steps=10)
    with pytest.raises(SandboxError, match="those of another world are others"):
        rlsandbox.evaluate(found, found.world.painted([(0, 0)], "mud"))
    assert found.snapshot(None).v.shape == (found.world.n_states,)


def test_training_goes_on_from_it_with_as_many_frames():
    policy = trained().policy
    more = rlsandbox.train("dqn", policy.world, start_from=policy, frames=2, units=16, seeds=2, steps=1)
    assert more.policy.network is not None and policy.network is not None
    before, after = (found.networks["nets"].layers[0][0] for found in (policy.network, more.policy.network))
    np.testing.assert_array_equal(after, before)
    with pytest.raises(SandboxError, match="see 2 frames together, those of this run 1"):
        rlsandbox.train("dqn", policy.world, start_from=policy, units=16, seeds=2, steps=1)


@pytest.mark.parametrize("seen", ["one_hot", "xy", "window", "planes"])
def test_exports_say_what_the_networks_say(tmp_path, seen):
    policy = trained(observation=seen, steps=320).policy
    network, stacks = policy.network, policy.stacks
    every = network.observed(policy.world, stacks.states)
    write_onnx(policy, tmp_path / "two.onnx", 1)
    session = onnxruntime.InferenceSession(tmp_path / "two.onnx", providers=["CPUExecutionProvider"])
    said: Any = session.run(["output"], {"observation": every})[0]
    np.testing.assert_allclose(said, network.outputs(every, 1), rtol=0, atol=1e-5)
    if seen == "planes":
        with pytest.raises(SandboxError, match="choose onnx"):
            python_source(policy)
        return
    names: dict[str, Any] = {}
    exec(compile(python_source(policy), "exported", "exec"), names)
    np.testing.assert_allclose(names["outputs"](every, 1), network.outputs(every, 1), rtol=0, atol=1e-5)
    if seen != "window":
        assert np.array_equal(names["act_state"](stacks.states, 1), names["act"](every, 1))
        assert isinstance(names["act_state"](stacks.states[0]), int)


def test_a_row_of_a_csv_file_is_a_way_to_have_come_somewhere(tmp_path):
    policy = trained(steps=200).policy
    write_csv(policy, tmp_path / "two.csv")
    with open(tmp_path / "two.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    live = np.flatnonzero(policy.stacks.mdp.live)
    assert len(rows) == 2 * live.size
    row, number = rows[live.size + 40], live[40]
    before, now = policy.stacks.states[number]
    assert (int(row["row"]), int(row["column"])) == policy.world.cell_of(now)
    assert (int(row["row_1_before"]), int(row["column_1_before"])) == policy.world.cell_of(before)
    assert float(row["v"]) == policy.q[1, number].max()


def test_a_file_with_tables_of_another_size_is_refused(tmp_path):
    policy = trained(steps=200).policy
    short = dataclasses.replace(policy, q=policy.q[:, :-1], probs=policy.probs[:, :-1])
    save_policy(short, tmp_path / "short.rlpolicy")
    with pytest.raises(SandboxError, match="but card and world say"):
        load_policy(tmp_path / "short.rlpolicy")


def test_worlds_that_are_played_show_what_they_show():
    agent: Any = begin("ppo", open_place("point:grid_4x4"), frames=3).agent
    assert "frames" in agent.idle(Simulated) and agent.network_policy().frames == 1
