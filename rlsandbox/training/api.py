"""Training, solving and evaluating in one call: what the Python interface and the command line share."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning import oracle
from rlsandbox.learning.oracle import Solution
from rlsandbox.learning.policy import TabularPolicy
from rlsandbox.learning.shaping import keeps_best_policy
from rlsandbox.policies.files import load_policy
from rlsandbox.policies.saved import NEVER_ENDS, PolicyCard, SavedPolicy, names_of
from rlsandbox.training.evaluate import EVALUATION_EPISODES, Evaluation, evaluate_played, evaluate_policy
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.places import Place, open_place
from rlsandbox.worlds.simulation import Simulation
from rlsandbox.worlds.world import World

if TYPE_CHECKING:
    import gymnasium

DEFAULT_EPISODES = 500
DEFAULT_STEPS = 1_000_000
"""What a run gets that is told neither: so many episodes, but no more steps than that."""

NAMED_POLICIES = ("random", "optimal", "drawn")
"""Policies that prediction can evaluate without a file."""

_SLICE_SECONDS = 0.1


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        session: the run itself; it can be looked into and trained on.
        policy: what it has learnt, ready to act, to be saved and exported.
        evaluation: what its greedy policies are worth.
        steps_per_second: steps (sweeps) of all replicas together, by the clock on the wall, without the
            loading of compiled code.
    """

    session: TrainingSession
    policy: SavedPolicy
    evaluation: Evaluation
    steps_per_second: float

    def to_dict(self) -> dict[str, Any]:
        """The run in figures, as JSON can hold them: no NaN, no infinity."""
        spec, agent = self.session.spec, self.session.agent
        return {
            "algorithm": spec.algorithm,
            "world": spec.world.name,
            "world_digest": spec.world.digest,
            "config": agent.config.model_dump(mode="json"),
            "seeds": agent.n_seeds,
            "seed": spec.seeds[0],
            "steps": int(agent.steps.max()),
            "steps_per_seed": agent.steps.tolist(),
            "episodes": int(agent.episodes.max()),
            "episodes_per_seed": agent.episodes.tolist(),
            "steps_per_second": self.steps_per_second,
            "mean_return_last_100": [_finite(value) for value in self.session.recent_return(100)],
            **self._worth(),
            **self._shaping(),
        }

    def _shaping(self) -> dict[str, Any]:
        """For shaped rewards, whether they keep the best policy; null where that has no answer."""
        agent = self.session.agent
        if getattr(agent.config, "shaping", "none") == "none":
            return {}
        return {"shaping_keeps_best_policy": keeps_best_policy(agent.problem, agent.config)}

    def _worth(self) -> dict[str, Any]:
        """A method of control is measured by its policy, one of prediction by its values."""
        found, agent = figures(self.evaluation), self.session.agent
        if agent.task != "prediction":
            return found
        errors = self.session.value_errors()
        kept = {name: value for name, value in found.items() if not name.startswith("oracle_gap")}
        return kept | {
            "rms_error": None if errors is None else float(errors.mean()),
            "rms_error_per_seed": None if errors is None else errors.tolist(),
        }


def train(
    algorithm: str,
    world: Place | str,
    steps: int | None = None,
    episodes: int | None = None,
    seeds: int = 1,
    seed: int = 0,
    watch: Callable[[TrainingSession], None] | None = None,
    policy: str | os.PathLike[str] | SavedPolicy | NDArray[np.float64] | None = None,
    start_from: str | os.PathLike[str] | SavedPolicy | None = None,
    **hyperparameters: Any,
) -> Result:
    """Train an algorithm on a world.

    Args:
        algorithm: id in the registry, as `rlsandbox list algorithms` shows it.
        world: a World, a gallery name or a file; `point:` before it is its continuous form, `gym:ID` an
            environment of Gymnasium.
        steps: budget of steps a seed (sweeps for a planner).
        episodes: budget of episodes a seed; with neither, 500 episodes but at most 1,000,000 steps.
        seeds: number of replicas, N.
        seed: the first one's seed; the others count on from it.
        watch: called about ten times a second while it trains.
        policy: whose values a method of prediction learns: "random", "optimal", "drawn", a saved policy,
            its file, or probabilities `[S, A]`.
        start_from: a saved policy or its file, with whose networks those of the run begin; targets and
            critics too. One seed's are given to all replicas.
        **hyperparameters: the algorithm's own ("alpha"); the others keep their defaults.

    Raises:
        SandboxError: something does not exist or does not fit, or the run has diverged.
    """
    run = algorithm, world, steps, episodes, seeds, seed, hyperparameters, policy, start_from
    return finish(begin(*run), watch)


def begin(
    algorithm: str,
    world: Place | str,
    steps: int | None,
    episodes: int | None,
    seeds: int,
    seed: int,
    hyperparameters: dict[str, Any],
    policy: str | os.PathLike[str] | SavedPolicy | NDArray[np.float64] | None = None,
    start_from: str | os.PathLike[str] | SavedPolicy | None = None,
) -> TrainingSession:
    """The session of a run that has not begun; arguments and errors as for `train`."""
    check(1 <= seeds <= 1024, f"a run trains 1 to 1024 seeds, not {seeds}.", "seeds")
    if steps is None and episodes is None:
        steps, episodes = DEFAULT_STEPS, DEFAULT_EPISODES
    numbers, place, probs = tuple(range(seed, seed + seeds)), open_place(world), None
    if isinstance(policy, str) and policy in NAMED_POLICIES:
        hyperparameters = {**hyperparameters, "policy": policy}
    elif policy is not None:
        hyperparameters = {**hyperparameters, "policy": "loaded"}
        saved = policy if isinstance(policy, SavedPolicy | np.ndarray) else load_policy(policy)
        if isinstance(place, Simulation):
            raise SandboxError("a policy is evaluated in a world whose states can be listed.", "policy")
        probs = saved if isinstance(saved, np.ndarray) else saved.by_state(place)
    start = None
    if start_from is not None:
        saved = start_from if isinstance(start_from, SavedPolicy) else load_policy(start_from)
        start = saved.networks_for(place)
    return TrainingSession(RunSpec(algorithm, place, hyperparameters, numbers, steps, episodes, probs, start))


def finish(session: TrainingSession, watch: Callable[[TrainingSession], None] | None = None) -> Result:
    """Train a session to the end of its budget.

    Raises:
        SandboxError: the run has diverged.
    """
    session.threads = os.cpu_count() or 1
    try:
        session.tick()  # compiled code is loaded here, before the clock runs
        done, began = int(session.agent.steps.sum()), time.perf_counter()
        while session.run_slice(_SLICE_SECONDS):
            if watch is not None:
                watch(session)
        seconds = time.perf_counter() - began
    finally:
        session.close()
    if session.failure is not None:
        raise SandboxError(session.failure)
    steps = int(session.agent.steps.sum()) - done
    evaluation = session.evaluate()
    return Result(session, saved_policy(session, evaluation), evaluation, steps / seconds if steps else 0.0)


def saved_policy(session: TrainingSession, evaluation: Evaluation | None = None) -> SavedPolicy:
    """What a session has learnt so far, with its card."""
    world, agent = session.world, session.agent
    names, listed = names_of(world), isinstance(world, World)
    none = np.empty((agent.n_seeds, 0, len(names)))
    policy = agent.policy() if listed else TabularPolicy(none, none)
    worth = figures(evaluation or session.evaluate())
    card = PolicyCard(
        algorithm=session.spec.algorithm,
        title=agent.title,
        config=agent.config.model_dump(mode="json"),
        seeds=agent.seeds,
        steps=tuple(agent.steps.tolist()),
        episodes=tuple(agent.episodes.tolist()),
        greedy_return=tuple(worth["greedy_return"]),
        oracle_return=worth["oracle_return"],
        oracle_gap=tuple(worth["oracle_gap_per_seed"]),
        world_name=world.name,
        world_digest=world.digest,
        actions=names,
        observation="state" if listed else "networks",
        sandbox=_version(),
    )
    return SavedPolicy(policy.q, policy.probs, world, card, network=agent.network_policy())


def solve(world: World | str, gamma: float = 0.99) -> Solution:
    """The optimal values of a world as it is before the first change of its schedule.

    Raises:
        SandboxError: there is no such world, or no finite solution.
    """
    check(0 <= gamma <= 1, f"a discount lies between 0 and 1, not {gamma}.", "gamma")
    solution = oracle.solve(compile_world(open_world(world).at_step(0)), gamma)
    if solution is None:
        raise SandboxError(
            "this world has no finite optimal values at gamma 1, since an episode can pay for ever or never "
            "end: choose a gamma below 1."
        )
    return solution


def value_rows(world: World, solution: Solution) -> list[list[list[float | None]]]:
    """Values as rows of numbers, one table for each thing carried; None where nobody can stand."""
    mdp = compile_world(world.at_step(0))
    stands = mdp.live | world.rule_layer("terminal", False).ravel().repeat(world.inventory)
    values = np.where(stands, solution.v, np.nan).reshape(world.height, world.width, world.inventory)
    return [
        [[None if math.isnan(value) else value for value in row] for row in values[:, :, carried].tolist()]
        for carried in range(world.inventory)
    ]


def evaluate(
    policy: SavedPolicy, world: Place | str | None = None, episodes: int = EVALUATION_EPISODES
) -> Evaluation:
    """Roll out the greedy policies of all replicas.

    Args:
        policy: a saved policy.
        world: where, if not in the world that it was made for.
        episodes: how many.

    Raises:
        SandboxError: the policy does not fit the world.
    """
    check(1 <= episodes <= 10**7, f"evaluate 1 to 10,000,000 episodes, not {episodes}.", "episodes")
    if world is not None:
        policy = policy.on(open_place(world))
    if isinstance(policy.place, Simulation) and policy.network is not None:
        return evaluate_played(policy.network.best_for, policy.n_seeds, policy.place, episodes)
    truth = oracle.solve(policy.mdp, policy.gamma)
    return evaluate_policy(policy.table, policy.mdp, truth, episodes, walked=policy.stacks.mdp)


def make_env(world: World | str, **options: Any) -> gymnasium.Env[Any, Any]:
    """A Gymnasium environment of a world: `gymnasium.make("rlsandbox/Grid-v0", world=world, **options)`."""
    import gymnasium

    return gymnasium.make("rlsandbox/Grid-v0", world=open_world(world), **options)


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation as JSON can hold it.

    `oracle_gap` is the mean over seeds, or "never ends" where one of them loops at gamma 1; null without an
    oracle.
    """
    known = evaluation.oracle_return is not None
    gaps = [(NEVER_ENDS if gap is None else gap) if known else None for gap in evaluation.oracle_gap]
    looping = NEVER_ENDS in gaps
    return {
        "greedy_return": evaluation.greedy_return,
        "oracle_return": evaluation.oracle_return,
        "oracle_gap": (NEVER_ENDS if looping else float(np.mean(evaluation.oracle_gap))) if known else None,  # type: ignore[arg-type]
        "oracle_gap_per_seed": gaps,
        "ended": evaluation.ended,
        "evaluation_episodes": evaluation.episodes,
        "evaluation_cap": evaluation.cap,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _version() -> str:
    from rlsandbox import __version__

    return __version__
