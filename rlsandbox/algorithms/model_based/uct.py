"""UCT: before every step a tree of simulated futures, grown where it looks promising.

    simulate from the state of now, on the world's own model, until the episode ends or the depth is reached:
        in the tree     a <- argmax_a Q(s, d, a) + c D sqrt(ln N(s, d) / N(s, d, a)), untried ones first
        a new node      ends the tree's part
        beyond it       random actions
    every pair passed in the tree: Q(s, d, a) <- Q(s, d, a) + [ G - Q(s, d, a) ] / N(s, d, a)

A node is a state and its depth d below the root, as in the paper, so that ways which meet share what they
learn. D is the spread of the returns seen from the root so far: c counts in units of it, as payoffs between 0
and 1 are taken for granted there. Rewards are simulated by their mean.

The values of a root stay in Q(s, a), so that a policy is left when the tree is gone: greedy to what the last
search from a state has found, and without an opinion about states that it never stood in.

Source: Kocsis & Szepesvari (2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, Preset, Update, number
from rlsandbox.learning.configs import Discounted
from rlsandbox.learning.exploration import DRAW, uniform
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.own_rule import OwnRule, best_of, towards
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.stepping import Now, stepping, tell
from rlsandbox.learning.tree import (
    Outcomes,
    back_up,
    edges,
    empty_tree,
    find,
    grow,
    promising,
    refuse_too_large,
    roll_out,
    root_table,
    tree_fits,
)
from rlsandbox.learning.walk import Index, outcome
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Values of roots, and the tree: M nodes, of which number 0 is the root."""

    q: Any  # [N, S, A] float64, values of the last search from a state
    visits: Any  # [N, S, A] int64
    before: Any  # [N, A] float64, those that the last search found there
    n_nodes: Any  # [N] int64
    state: Any  # [N, M] int64
    depth: Any  # [N, M] int64
    parent: Any  # [N, M] int64, the node from which a node was reached first
    passed: Any  # [N, M] int64, how often a node was reached
    tried: Any  # [N, M, A] int64
    value: Any  # [N, M, A] float64, mean of the returns from there
    places: Any  # [N, H] int64, hash table: nodes by state and depth, -1 for none
    path: Any  # [N, D, 2] int64, nodes and actions of a simulation
    paid: Any  # [N, D] float64, its rewards


class Own(NamedTuple):
    """What only UCT's kernels know."""

    simulations: int
    c: float
    depth: int
    roots: Any  # [simulations + 1, 2] float64, sqrt(ln n) and 1 / sqrt(n)
    outcomes: Any  # `Outcomes`


@kernel(inline="always")
def simulate(tables: Any, model: Any, gamma: float, weight: float, own: Any, rng: Any) -> Any:
    """One simulation from the root: (rng, its return)."""
    node, s, depth, over = 0, Index(tables.state[0]), 0, False
    while node >= 0 and depth < own.depth and not over:
        rng, chosen = promising(tables.tried[Index(node)], tables.value[Index(node)], weight, own.roots, rng)
        a, k, d = Index(chosen), Index(0), Index(depth)
        if model.cumulative.shape[2] > 1:
            rng += DRAW
            k = outcome(model, s, a, uniform(rng))
        tables.path[d, Index(0)], tables.path[d, Index(1)] = node, chosen
        tables.paid[d] = model.reward[s, a, k]
        over, s, depth = model.terminal[s, a, k], Index(model.next_state[s, a, k]), depth + 1
        if not over:
            at = find(tables, s, depth)
            above, node = node, tables.places[at]
            if node < 0:
                grow(tables, at, s, depth, above)
            else:
                tables.passed[Index(node)] += 1
    ret = 0.0
    if not over:
        rng, ret = roll_out(own.outcomes, s, own.depth - depth, gamma, rng)
    return rng, back_up(tables, depth, ret, gamma)


@kernel(error_model="numpy")
def act(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Grow a tree from `s`, and do what is best at its root; the root's values stay in Q."""
    tables.places[:] = -1
    tables.n_nodes[0] = 0
    grow(tables, find(tables, s, 0), s, 0, 0)
    least, most, weight = np.inf, -np.inf, 0.0
    for _ in range(now.own.simulations):
        rng, ret = simulate(tables, model, now.gamma, weight, now.own, rng)
        least, most = min(least, ret), max(most, ret)
        weight = now.own.c * (most - least)
    tried, value, q, worst = tables.tried[0], tables.value[0], tables.q[Index(s)], np.inf
    for a in range(q.shape[0]):
        tables.before[a] = q[a]
        if tried[a] > 0:
            worst = min(worst, value[a])
    for a in range(q.shape[0]):
        if np.isfinite(q[a]):  # else it stays, so that it cannot go unnoticed
            q[a] = value[a] if tried[a] > 0 else worst
    rng, a = best_of(q, rng)
    return rng, a, False


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Nothing is learnt from the step itself; the record is of the value that led to it."""
    if telling:
        value = tables.q[t.s, t.a]
        whole = Now(1.0, now.gamma, now.kind, now.level, now.own)
        tell(record, t, whole, -1, tables.before[t.a], value, value, np.nan)
    return rng, -1, False


class UCT(OwnRule):
    """UCT (Kocsis & Szepesvari, 2006): Monte Carlo tree search, before every step anew."""

    title = "UCT (Monte Carlo tree search)"
    source = "Kocsis & Szepesvari (2006)"
    equation = "in the tree: argmaxₐ Q(s,a) + c D √( ln N(s) / N(s,a) ); Q(s,a): mean of simulated returns"
    loop = stepping(learn, act=act)
    offers = OwnRule.offers | {"tree"}
    presets: ClassVar[dict[str, Preset]] = {"default": Preset({}, episodes=20)}
    """It begins every step anew, so a few episodes show all that it can, and each takes its time."""

    class Config(Discounted):
        """Hyperparameters."""

        simulations: int = hp(
            100,
            ge=1,
            le=100_000,
            log=True,
            label="Simulations",
            doc="simulated futures before every step",
            live=True,
        )
        c: float = hp(
            1.4,
            ge=0,
            le=1e3,
            label="Exploration",
            symbol="c",
            doc="weight of the bound's width, in units of the spread of the returns seen; UCB1 has sqrt(2)",
            live=True,
        )
        depth: int = hp(
            100,
            ge=1,
            le=10_000,
            log=True,
            label="Depth",
            doc="steps that a simulation has at most, those in the tree and the random ones after it",
            unit="steps",
            live=True,
        )

    def __init__(self, problem: Enumerable, config: Any, seeds: Sequence[int]) -> None:
        refuse_too_large(len(seeds) * (config.simulations + 1), problem.mdp.n_actions)
        super().__init__(problem, config, seeds)

    def make_tables(self) -> Any:
        """No values, no tree."""
        n, n_actions, depth = self.n_seeds, self.problem.mdp.n_actions, self.config.depth
        return Tables(
            q=self.per_action(0.0),
            visits=self.per_action(0, np.int64),
            before=np.zeros((n, n_actions)),
            **empty_tree(n, self.config.simulations + 1, n_actions),
            path=np.zeros((n, depth, 2), np.int64),
            paid=np.zeros((n, depth)),
        )

    def own(self) -> NamedTuple:
        """How much it simulates, and the model as random walks take it."""
        n, model = self.config.simulations, self._model
        roots = self.problem.once(("roots", n), lambda: root_table(n))
        outcomes = self.problem.once("outcomes", lambda: Outcomes.of(model))
        return Own(n, self.config.c, self.config.depth, roots, outcomes)

    def reconfigure(self, config: Any) -> None:
        """A tree of another size begins anew; the next step makes a new one anyway."""
        refuse_too_large(self.n_seeds * (config.simulations + 1), self.problem.mdp.n_actions)
        super().reconfigure(config)
        kept = {"q": self.tables.q, "visits": self.tables.visits}
        self.tables = self.make_tables()._replace(**kept)

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep the values; the tree is of another world."""
        refuse_too_large(self.n_seeds * (self.config.simulations + 1), problem.mdp.n_actions)
        super().replace_problem(problem)
        self.tables.n_nodes[:] = 0

    def tables_fit(self, tables: Any) -> bool:
        """Whether the tree that is shown is one of states that are there."""
        return super().tables_fit(tables) and tree_fits(tables, self.problem.mdp.n_states)

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """The value that led to the step."""
        return Part("mean return of the simulations: "), Part(number(row["after"]), "new")

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """What the search has found for every action at the root."""
        state, lines = int(row["state"]), []
        if self.tables.n_nodes[replica] == 0:
            return ()
        for a, action in enumerate(self.problem.world.actions[:32]):
            value, tried = float(self.tables.value[replica, 0, a]), self.tables.tried[replica, 0, a]
            told = Part(f"{action.name}: "), Part(number(value)), Part(f", mean of {tried:,} simulations")
            lines.append(Line(state, told))
        return tuple(lines)

    def backup(self, state: int, replica: int) -> Update | None:
        """What the last search from a state has found; None where there was none."""
        q = self.tables.q[replica, state]
        if not self.tables.visits[replica, state].any():
            return None
        action = int(q.argmax())
        value = float(q[action])
        parts = Part("mean return of the last search from here: "), Part(number(value), "new", state)
        return towards(state, action, value, value, 1.0, self.config.gamma, parts)

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """As others; "tree" `[E, 4]` of the last search: state from, state to, times passed, depth."""
        if name != "tree":
            return super().field(name, replica)
        return edges(self.tables, replica or 0)
