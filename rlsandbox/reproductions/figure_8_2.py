"""Figure 8.2: Dyna-Q on the Dyna maze with 0, 5 and 50 planning steps a step."""

from __future__ import annotations

import numpy as np

from rlsandbox.learning.oracle import policy_values
from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.sessions import per_episode, trained
from rlsandbox.studio.plots.panel import Line, Panel
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.mdp import compile_world

TITLE = "Dyna-Q on the Dyna maze"
SOURCE = f"{BOOK}, figure 8.2, page 165"
EPISODES = 50


def random_walk_steps() -> float:
    """How many steps a random walk needs on average from the start to the goal, exactly."""
    maze = open_world("dyna_maze")
    mdp = compile_world(maze.with_rules(step_reward=-1.0).with_cell(maze.cells_of("goal")[0], reward=-1.0))
    values = policy_values(mdp, np.full((mdp.n_states, mdp.n_actions), 1 / mdp.n_actions), 1.0)
    assert values is not None
    return -float(values[mdp.start_states[0]])


def run(quick: bool) -> Figure:
    """Planning steps 0, 5 and 50: 500 runs (the book has 30); quick: 60."""
    runs = 60 if quick else 500
    lengths = {
        n: per_episode(
            trained(
                "dyna_q",
                "dyna_maze",
                runs,
                episodes=EPISODES,
                alpha=0.1,
                gamma=0.95,
                epsilon=0.1,
                planning_steps=n,
            ),
            "length",
        )
        for n in (0, 5, 50)
    }
    mean = {n: rows.mean(axis=0) for n, rows in lengths.items()}
    # the first episode from which on the mean stays within what exploring costs around 14 steps
    settled = {n: 2 + int(np.flatnonzero(y > 20).max()) for n, y in mean.items()}
    first = np.concatenate([rows[:, 0] for rows in lengths.values()])
    wandering = random_walk_steps()
    compared = (
        Compared(
            "steps in the first episode, a random walk's",
            first.mean(),
            wandering,
            4 * first.std() / runs**0.5,
        ),
        Compared("n = 50: episodes until it is (ε-)optimal (about 3)", settled[50], 3.0, 1.0),
        Compared("n = 5: the same (about 5)", settled[5], 5.0, 2.0),
        Compared("n = 0: the same (about 25)", settled[0], 25.0, 6.0),
        ordered(
            "n = 50: steps in the second episode, the fewest",
            mean[50][1],
            mean[50][1] < mean[5][1] < mean[0][1],
        ),
    )
    x = np.arange(2, EPISODES + 1)
    lines = {f"n = {n}": Line.mean(x, rows[:, 1:]) for n, rows in lengths.items()}
    panel = Panel("From the second episode on", "episodes", "steps an episode", lines, y_range=(0.0, 800.0))
    notes = (
        "The book says that the first episode takes about 1,700 steps. Where equally good actions are chosen "
        f"between at random, it is a random walk, which takes {wandering:.1f} on average."
    )
    return Figure(TITLE, SOURCE, (panel,), compared, runs, notes)
