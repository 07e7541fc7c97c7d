"""The map of the replay memory: where its steps come from, and which are drawn most."""

import numpy as np

from rlsandbox.learning.agent import View
from tests.helpers import advance, begin, corridor

WANTED = View(replica=0, wants=frozenset({"replay", "priorities"}))


def test_the_map_counts_the_stored_steps():
    session = advance(begin("dqn", corridor(4), memory=50, learning_starts=60), 80)
    memory = session.agent.memory  # type: ignore[attr-defined]
    found = session.agent.snapshot(WANTED).fields["replay"]
    assert found.sum() == 50, "the ring holds the last fifty steps"
    for s in range(4):
        for a in range(4):
            assert found[s, a] == np.count_nonzero((memory.state[0] == s) & (memory.action[0] == a))


def test_without_priorities_there_is_no_map_of_them():
    session = advance(begin("dqn", corridor(4)), 120)
    assert not session.agent.snapshot(WANTED).fields["priorities"].any()


def test_the_map_of_priorities_is_the_chance_to_be_drawn():
    session = advance(begin("dqn", corridor(4), prioritized=True, memory=64), 200)
    agent = session.agent
    chance = agent.snapshot(WANTED).fields["priorities"]
    assert np.isclose(chance.sum(), 1.0)
    memory, leaves = agent.memory, agent.tree[0, 64:]  # type: ignore[attr-defined]
    at = int(leaves.argmax())
    s, a = int(memory.state[0, at]), int(memory.action[0, at])
    same = (memory.state[0] == s) & (memory.action[0] == a)
    assert np.isclose(chance[s, a], leaves[same].sum() / leaves.sum())
