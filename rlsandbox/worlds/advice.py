"""Sentences about what a learner would miss in a world that runs all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rlsandbox.worlds.mdp import TabularMDP
    from rlsandbox.worlds.world import World


def advice(world: World, model: TabularMDP | None = None) -> tuple[str, ...]:
    """What a learner would miss; empty if all is well.

    Args:
        world: the world.
        model: its model; with it, goals that nobody can reach are told as well.
    """
    sentences = []
    limit = "the step limit" if world.rules.step_limit else "nothing"
    if world.tables is not None:
        if not world.tables.terminal.any():
            sentences.append(f"No transition of the table is terminal: {limit} ends an episode.")
        return tuple(sentences)
    if world.rules.start == "drawn" and not world.cells_of("start"):
        sentences.append("No start is drawn: episodes begin on any free cell.")
    if world.rules.moves == 0:
        return tuple(sentences)
    ends = world.rule_layer("terminal", False)
    if world.height * world.width == 1:
        sentences.append("The world is a single cell: there is nowhere to go.")
    if not ends.any():
        sentences.append(f"No goal or pit is drawn: {limit} ends an episode.")
    elif model is not None:
        reached = model.reachable.reshape(world.height, world.width, world.inventory).any(axis=2)
        if not (reached & ends).any():
            sentences.append(f"No goal or pit can be reached from a start: {limit} ends an episode.")
        else:
            goals = world.rule_layer("reward", np.nan)
            goals = ends & (np.where(np.isnan(world.reward), goals, world.reward) > 0) & ~reached
            if goals.any():
                r, c = np.argwhere(goals)[0]
                sentences.append(f"The goal at row {r}, column {c} cannot be reached from a start.")
    return tuple(sentences)
