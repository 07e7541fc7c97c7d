"""SARSA(lambda) and Q(lambda): every update recomputed with a dense table of traces."""

import numpy as np
import pytest

from rlsandbox.learning.agent import number
from rlsandbox.learning.traces import SMALL
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery_world
from tests.algorithms.recomputed import CONFIG, close, text, walked
from tests.helpers import advance, begin, eventful, last_update, table


def by_the_book(algorithm: str, kind: str, decay: float) -> None:
    """The whole method with a dense table of traces, beside the one that lists them."""
    e, q_old, cuts, came_to = np.empty(0), 0.0, 0, None
    names = [action.name for action in eventful().actions]
    for seen in walked(algorithm, trace_decay=decay, traces=kind):
        update, before = seen.update, seen.before["tables.q"][0]
        q, pair = before.copy(), (seen.s, seen.a)
        if seen.s != came_to:  # after an end, and after the cut by the scheduled wall
            e, q_old = np.zeros_like(q), 0.0
        came_to = None if update.terminated or update.truncated else update.next_state
        if algorithm == "q_lambda" and before[pair] < before[seen.s].max():
            cuts += bool(e.any())
            e[:] = 0.0
        following = 0.0
        if not update.terminated:
            values = before[update.next_state]
            following = values.max() if algorithm == "q_lambda" else values[update.next_action]
        td_error = update.reward + 0.9 * following - before[pair]
        assert (update.state, update.action, update.before) == (*pair, before[pair])
        assert close(update.td_error, td_error)
        if kind == "Dutch":  # the box of true online SARSA(lambda), section 12.7; e has decayed already
            e[pair] += 1 - 0.3 * e[pair]
            q += 0.3 * (td_error + before[pair] - q_old) * e
            q[pair] -= 0.3 * (before[pair] - q_old)
        else:
            e[pair] = 1.0 if kind == "replacing" else e[pair] + 1
            q += 0.3 * td_error * e
        q_old = following
        assert close(q, seen.after["tables.q"][0])
        assert update.after == seen.after["tables.q"][0][pair]
        others = np.sort(np.delete(e.ravel(), np.ravel_multi_index(pair, e.shape)))[::-1]
        assert len(update.lines) == min(32, np.count_nonzero(others))
        for line, trace in zip(update.lines, others, strict=False):  # the greatest first
            assert text(line.parts).partition(" = ")[0].endswith(f" · {number(trace)}")
            shown = [float(part.text) for part in line.parts if part.role in ("old", "new")]
            cell = (line.state, names.index(line.parts[0].text[:-2]))
            wanted = [before[cell], seen.after["tables.q"][0][cell]]
            assert shown == [float(number(value)) for value in wanted]
        e *= 0.9 * decay
        e[e < SMALL] = 0.0
        assert close(e, seen.after["tables.traces"][0].reshape(e.shape))
        assert seen.after["tables.live"][0] == np.count_nonzero(e)
    assert cuts > 5 or algorithm == "sarsa_lambda"


@pytest.mark.parametrize("decay", [0.4, 0.9, 1.0])
@pytest.mark.parametrize("kind", ["accumulating", "replacing", "Dutch"])
def test_sarsa_lambda_is_the_books(kind, decay):
    by_the_book("sarsa_lambda", kind, decay)


@pytest.mark.parametrize("decay", [0.4, 0.9, 1.0])
@pytest.mark.parametrize("kind", ["accumulating", "replacing"])
def test_q_lambda_is_the_books_and_cuts_where_it_explores(kind, decay):
    by_the_book("q_lambda", kind, decay)


@pytest.mark.parametrize(("algorithm", "kind"), [("sarsa_lambda", "Dutch"), ("q_lambda", "accumulating")])
def test_each_kind_of_traces_is_itself(algorithm, kind):
    learnt = [
        table(advance(begin(algorithm, eventful(), traces=other, **CONFIG), 300))
        for other in (kind, "replacing")
    ]
    assert not close(*learnt)
    one, other = (
        table(advance(begin(name, eventful(), traces="replacing", **CONFIG), 300))
        for name in ("sarsa_lambda", "q_lambda")
    )
    assert not close(one, other)


def test_one_episode_teaches_sarsa_one_pair_and_sarsa_lambda_its_whole_path():
    # Only the goal pays: what led to it is worth alpha (gamma lambda)^k, k steps before the last.
    world = gallery_world("grid_4x4")
    assert world is not None
    world = world.with_rules(step_reward=0.0, bump_reward=0.0)
    for algorithm in ("sarsa", "sarsa_lambda", "q_lambda"):
        options = {} if algorithm == "sarsa" else {"trace_decay": 0.8, "traces": "replacing"}
        session, path = begin(algorithm, world, (4,), alpha=0.5, gamma=0.9, **options), []
        while not session.agent.episodes[0]:
            session.tick(1)
            update = last_update(session.agent)
            path.append((update.state, update.action))
        assert len(path) > 6 and last_update(session.agent).reward == 1.0
        q = np.zeros_like(table(session))
        for k, pair in enumerate(reversed(path)):
            if not q[pair]:
                q[pair] = 0.5 * (0.72**k if options else k == 0)
        q[q < 0.5 * SMALL] = 0.0
        assert close(q, table(session))
        assert np.count_nonzero(q) > 4 or algorithm == "sarsa"


@pytest.mark.parametrize("algorithm", ["sarsa_lambda", "q_lambda"])
def test_a_file_whose_list_of_traces_is_wrong_is_refused(algorithm):
    session = advance(begin(algorithm, eventful(), trace_decay=0.9), 50)
    while not session.agent.state()["tables.live"][0]:
        session.tick(1)
    session.agent.check_state(session.agent.state())
    size = session.agent.state()["tables.traces"].shape[1]
    for name, value in (("traced", size), ("traced", -1), ("live", 0), ("live", size + 1), ("live", -1)):
        state = session.agent.state()
        state[f"tables.{name}"].flat[0] = value
        with pytest.raises(SandboxError, match="remembers"):
            session.agent.check_state(state)
