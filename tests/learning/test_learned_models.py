"""What learnt models are made from: a queue, predecessors, slots that count, draws from a posterior."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from rlsandbox.learning.exploration import seeded
from rlsandbox.learning.heap import heap_fits, pop, push
from rlsandbox.learning.posterior import gamma_draw
from rlsandbox.learning.predecessors import link_all, links_fit
from rlsandbox.learning.tree import find
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.world import World
from tests.helpers import advance, eventful
from tests.helpers import begin as session_of


def begin(algorithm: str, world: World, seeds: tuple[int, ...] = (0,), **options: Any) -> Any:
    """A session whose agent's tables may be looked at."""
    return session_of(algorithm, world, seeds, **options)


def test_a_queue_gives_the_most_urgent_thing_first():
    rng, things = np.random.default_rng(3), 40
    heap, place = np.zeros(things, np.int64), np.full(things, -1)
    priority, size = np.zeros(things), np.zeros(1, np.int64)
    mine: dict[int, float] = {}
    for _ in range(3000):
        if rng.random() < 0.6 or not mine:
            thing, urgency = int(rng.integers(things)), float(rng.integers(20))
            push(heap, place, priority, size, thing, urgency)
            mine[thing] = max(urgency, mine.get(thing, -1.0))
        else:
            thing = int(pop(heap, place, priority, size))
            assert mine.pop(thing) == max([*mine.values(), priority[thing]]) == priority[thing]
        assert size[0] == len(mine) and set(heap[: size[0]].tolist()) == set(mine)
        assert heap_fits(heap[None], place[None], size)
        assert all(priority[thing] == urgency for thing, urgency in mine.items())


@pytest.mark.parametrize(
    ("name", "value"), [("heap", -1), ("heap", 9), ("place", 2), ("size", 5), ("size", -1)]
)
def test_a_broken_queue_is_told(name, value):
    arrays = {"heap": np.array([[2, 0, 0]]), "place": np.array([[1, -1, 0]]), "size": np.array([2])}
    assert heap_fits(**arrays)
    arrays[name].flat[0] = value
    assert not heap_fits(**arrays)


def lists(session: Any) -> dict[int, set[int]]:
    """Every state's list of slots, walked along its links."""
    tables, found = session.agent.tables, {}
    for state, slot in enumerate(tables.first[0]):
        found[state] = set()
        while slot >= 0:
            assert slot not in found[state]
            found[state].add(int(slot))
            slot = tables.following[0, slot]
    return found


def test_predecessors_are_the_slots_that_lead_to_a_state():
    session = begin("prioritized_sweeping", eventful())
    for clock in (30, 60, 75, 400):  # at 61 the world changes, and with it how many slots there are
        advance(session, clock)
        tables = session.agent.tables
        leads = ((tables.seen > 0) & ~tables.ended)[0]
        wanted = {state: set() for state in range(tables.first.shape[1])}
        for slot in np.flatnonzero(leads):
            wanted[int(tables.successor[0].flat[slot])].add(int(slot))
        assert lists(session) == wanted
        first, following = np.empty_like(tables.first), np.empty_like(tables.following)
        link_all(first, following, tables.successor, (tables.seen > 0) & ~tables.ended)
        assert (first >= 0).tolist() == (tables.first >= 0).tolist()


def test_lists_that_do_not_end_are_told():
    known = np.ones((1, 4), np.bool_)
    assert links_fit(np.array([[1, -1]]), np.array([[-1, 3, -1, -1]]), known)
    for first, following in (
        ([[1, -1]], [[-1, 1, -1, -1]]),  # a slot after itself
        ([[1, 1]], [[-1, -1, -1, -1]]),  # one slot that leads to two states
        ([[4, -1]], [[-1, -1, -1, -1]]),
        ([[-2, -1]], [[-1, -1, -1, -1]]),
    ):
        assert not links_fit(np.array(first), np.array(following), known)
    assert not links_fit(np.array([[1]]), np.full((1, 4), -1), np.zeros((1, 4), np.bool_))


def test_a_slot_is_taken_from_the_outcome_seen_least():
    session = begin("r_max", eventful())
    session.tick(1)
    pair = np.argwhere(session.agent.tables.seen[0].any(axis=2))[0]
    tables = session.agent.tables
    slots = (0, *pair)
    k = tables.seen.shape[3]
    # all slots are taken by outcomes that this world does not have any more
    tables.successor[slots], tables.ended[slots] = np.arange(k), True
    tables.seen[slots], tables.reward[slots] = np.arange(5, 5 + k), 99.0
    tables.seen[slots][3] = 1
    visits = tables.visits[slots]
    for _ in range(3000):
        session.tick(1)
        if session.agent.tables.visits[slots] > visits:
            break
    else:
        pytest.fail("the pair was not tried again")
    after = session.agent.tables
    changed = np.flatnonzero(after.reward[slots] != 99.0)
    assert changed.tolist() == [3] and after.seen[slots][3] == 1


@pytest.mark.parametrize("shape", [0.05, 0.7, 1.0, 3.0, 250.0])
def test_gamma_draws_are_gamma_distributed(shape):
    rng, values = seeded((12,))[0], []
    for _ in range(4000):
        rng, value = gamma_draw(shape, rng)
        rng = np.uint64(rng)
        values.append(value)
    assert stats.kstest(values, stats.gamma(shape).cdf).pvalue > 0.01


@kernel
def place_of(tables, s, depth):
    """The place of a node, for a test."""
    return find(tables, s, depth)


def test_a_tree_finds_its_nodes_by_state_and_depth():
    session = begin("uct", eventful(), simulations=500)
    session.tick(1)
    tables = type(session.agent.tables)(
        *(array[0:1] if array.ndim == 1 else array[0] for array in session.agent.tables)
    )
    for node in range(int(tables.n_nodes[0])):
        at = place_of(tables, tables.state[node], tables.depth[node])
        assert tables.places[at] == node
    assert (tables.places >= 0).sum() == tables.n_nodes[0]
