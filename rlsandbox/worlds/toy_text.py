"""Worlds of the literature that are no drawings: their transitions, written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.typing import ArrayLike

from rlsandbox.worlds.tables import tables_from_gymnasium
from rlsandbox.worlds.world import World

Transitions = Mapping[int, Mapping[int, Sequence[tuple[float, int, float, bool]]]]
"""Gymnasium's `P`: state -> action -> (probability, next state, reward, terminated)."""

_HEADS = 0.4
_CAPITAL = 100


def from_gymnasium_p(
    transitions: Transitions,
    start: ArrayLike,
    actions: Sequence[str],
    name: str = "Untitled",
    *,
    shape: tuple[int, int] | None = None,
    inventory: int = 1,
    step_limit: int | None = None,
    gamma: float | None = None,
    description: str = "",
) -> World:
    """The world of a toy-text environment of Gymnasium.

    Args:
        transitions: `env.unwrapped.P`.
        start: `[S]`, `env.unwrapped.initial_state_distrib`.
        actions: names of the actions; "up", "right" and so on are drawn as arrows.
        name: the world's name.
        shape: rows and columns; states are `cell * inventory + carried`. Without it a layout is made.
        inventory: states in a cell.
        step_limit: steps after which an episode is truncated.
        gamma: the discount that suits it.
        description: a sentence for people.

    Raises:
        SandboxError: the tables do not fit together.
    """
    tables = tables_from_gymnasium(transitions, start, actions, shape, inventory, gamma, description)
    return World.of_tables(tables, name, step_limit)


def taxi() -> World:
    """Gymnasium's taxi on its 5x5 map: 20 places of passenger and goal in each cell."""
    from gymnasium.envs.toy_text.taxi import TaxiEnv

    env = TaxiEnv()
    return from_gymnasium_p(
        env.P,
        env.initial_state_distrib,
        ("down", "up", "right", "left", "pick up", "drop off"),
        "Taxi",
        shape=(5, 5),
        inventory=20,
        step_limit=200,
        gamma=0.99,
        description="Carried is 4 * the passenger's place (four stands, then the taxi) + the goal's.",
    )


def gambler() -> World:
    """The gambler's problem; capital 100 wins 1."""
    transitions: dict[int, dict[int, list[tuple[float, int, float, bool]]]] = {}
    for capital in range(1, _CAPITAL):
        transitions[capital] = {}
        for stake in range(_CAPITAL // 2 + 1):
            staked = min(stake, capital, _CAPITAL - capital)
            transitions[capital][stake] = [(1.0, capital, 0.0, False)]
            if staked:
                won, lost = capital + staked, capital - staked
                transitions[capital][stake] = [
                    (_HEADS, won, float(won == _CAPITAL), won == _CAPITAL),
                    (1 - _HEADS, lost, 0.0, lost == 0),
                ]
    return from_gymnasium_p(
        transitions,
        [0.0, *[1 / (_CAPITAL - 1)] * (_CAPITAL - 1)],
        [f"stake {stake}" for stake in range(_CAPITAL // 2 + 1)],
        "Gambler's problem",
        shape=(11, 10),
        gamma=1.0,
        description="A state is the gambler's capital; stakes are clipped to what is allowed.",
    )
