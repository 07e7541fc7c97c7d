"""Pictures without a screen, by the studio's own painter."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np

from rlsandbox.cli.answer import UsageError
from rlsandbox.learning.agent import Snapshot
from rlsandbox.learning.oracle import Solution, solve
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.overlays import Scene, find
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.world import World

POLICY_OVERLAYS = ("values", "policy")
"""What a picture of a policy shows unless told otherwise."""


def draw(world: World, policy: SavedPolicy | None, options: Namespace, kind: str) -> list[str]:
    """Write a picture of a world; returns the ids of the overlays on it.

    Overlays show the policy, or without one the optimal values and actions.

    Args:
        world: the drawing.
        policy: a policy that fits it, or None.
        options: `overlay`, `replica`, `cell`, `theme`, `output`, and `gamma` where there is no policy.
        kind: "png" or "svg".

    Raises:
        UsageError: there is no such overlay or replica.
        SandboxError: the picture is too large or cannot be written.
    """
    names: list[str] = options.overlay or (list(POLICY_OVERLAYS) if policy else [])
    try:
        overlays = [find(name) for name in names]
    except SandboxError as error:
        raise UsageError(error.message, "--overlay") from None
    if policy is not None and options.replica >= policy.n_seeds:
        raise UsageError(f"the policy has {policy.n_seeds} replicas, counted from 0.", "--replica")
    marks = []
    if overlays:
        mdp = compile_world(world.at_step(0))
        oracle = solve(mdp, policy.gamma if policy else options.gamma)
        snapshot = policy.snapshot(options.replica) if policy else _optimal(oracle)
        scene = Scene.of(world, mdp, snapshot, oracle)
        for overlay in sorted(overlays, key=lambda overlay: overlay.order):
            marks += overlay.marks(scene)
    from rlsandbox.studio.painting import ensure_app, render_png, render_svg
    from rlsandbox.studio.theme import THEMES

    ensure_app()
    write = render_png if kind == "png" else render_svg
    write(world, marks, Path(options.output), options.cell, THEMES[options.theme])
    return names


def _optimal(oracle: Solution | None) -> Snapshot:
    """The oracle's values as if an agent had learnt them."""
    if oracle is None:
        raise SandboxError(
            "this world has no finite optimal values: choose a gamma below 1, or give a policy."
        )
    done = np.array([oracle.sweeps], np.int64)
    return Snapshot(
        replica=0,
        v=oracle.v,
        q=oracle.q,
        policy=greedy_probs(np.round(oracle.q, 9)),
        steps=done,
        episodes=np.zeros(1, np.int64),
    )
