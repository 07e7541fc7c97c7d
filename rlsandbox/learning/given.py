"""The policy whose values a prediction method learns."""

from __future__ import annotations

from typing import Literal

import numpy as np

from rlsandbox.learning import oracle
from rlsandbox.learning.agent import Floats
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.learning.problem import Enumerable
from rlsandbox.worlds.errors import SandboxError, check

Given = Literal["random", "optimal", "drawn", "loaded"]
EQUIPROBABLE: Given = "random"


class Evaluating(AgentConfig):
    """Whatever evaluates a policy that is given to it."""

    policy: Given = hp(
        EQUIPROBABLE,
        label="Policy",
        doc="whose values are learnt: uniformly random, the oracle's, arrows drawn on the world, or a file's",
    )


def given_policy(problem: Enumerable, config: AgentConfig) -> Floats:
    """Probabilities `[S, A]` of the policy that a configuration names.

    Raises:
        SandboxError: there is no such policy for this world.
    """
    kind, mdp, world = getattr(config, "policy", EQUIPROBABLE), problem.mdp, problem.world
    uniform = np.full((mdp.n_states, mdp.n_actions), 1.0 / mdp.n_actions)
    if kind == EQUIPROBABLE:
        return uniform
    if kind == "loaded":
        check(problem.policy is not None, "no policy file is loaded: name one with --policy FILE.", "policy")
        assert problem.policy is not None
        return problem.policy
    if kind == "drawn":
        drawn = np.repeat(world.policy.ravel(), world.inventory)
        check(bool((drawn >= 0).any()), "no policy is drawn on this world: draw its arrows first.", "policy")
        fixed = drawn >= 0
        uniform[fixed] = np.eye(mdp.n_actions)[drawn[fixed]]
        return uniform
    gamma = float(getattr(config, "gamma", 1.0))
    solution = problem.once(("solution", gamma), lambda: oracle.solve(mdp, gamma))
    if solution is None:
        raise SandboxError("this world has no optimal policy at gamma 1: choose a gamma below 1.", "policy")
    return greedy_probs(np.round(solution.q, 9))
