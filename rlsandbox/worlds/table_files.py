"""Worlds of explicit tables as JSON: any finite Markov decision process, one line a transition."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, FailFast, Field

from rlsandbox.worlds.drawn_files import Cell, cells_text, own_values
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.json_text import STRICT, block, written
from rlsandbox.worlds.rules import MAX_SIDE
from rlsandbox.worlds.tables import MAX_INVENTORY, Tables, layout
from rlsandbox.worlds.validation import MAX_NAME
from rlsandbox.worlds.world import World

FORMAT = "rlsandbox-mdp"
VERSIONS = (1,)

_State = Annotated[int, Field(ge=0, lt=2**40)]
_Action = Annotated[int, Field(ge=0, lt=2**20)]
_Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]


class MdpFile(BaseModel):
    """What a file of version 1 may hold."""

    model_config = STRICT
    format: Literal["rlsandbox-mdp"]
    version: Literal[1]
    name: Annotated[str, Field(max_length=MAX_NAME)]
    description: str = ""
    shape: tuple[_Side, _Side] | None = Field(default=None, description="rows and columns of the layout")
    inventory: Annotated[int, Field(ge=1, le=MAX_INVENTORY)] = Field(
        default=1, description="states in a cell: a state is cell * inventory + carried"
    )
    actions: list[str]
    transitions: Annotated[
        list[tuple[_State, _Action, _State, float, float, bool]],
        FailFast(),
        Field(description="state, action, next state, probability, reward, terminal"),
    ]
    start: Annotated[list[tuple[_State, float]], FailFast(), Field(description="state, probability")]
    step_limit: int | None = None
    gamma: float | None = Field(default=None, description="the discount that suits it")
    cells: Annotated[list[Cell], FailFast()] = []


def dumps(world: World) -> str:
    """The world as canonical JSON, one line a transition."""
    tables = world.tables
    assert tables is not None
    columns = (tables.state, tables.action, tables.next_state, tables.prob, tables.reward, tables.terminal)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    starts = zip(tables.start_state.tolist(), tables.start_prob.tolist(), strict=True)
    fields = {
        "format": json.dumps(FORMAT),
        "version": json.dumps(VERSIONS[-1]),
        "name": json.dumps(world.name, ensure_ascii=False),
        "description": json.dumps(tables.description, ensure_ascii=False),
        "shape": json.dumps(tables.shape),
        "inventory": json.dumps(tables.inventory),
        "actions": json.dumps(tables.actions, ensure_ascii=False),
        "transitions": block("[]", [json.dumps(row) for row in rows]),
        "start": block("[]", [json.dumps(row) for row in starts]),
        "step_limit": json.dumps(world.rules.step_limit),
        "gamma": json.dumps(tables.gamma),
    }
    cells = cells_text(world)
    return written(fields if cells == "[]" else fields | {"cells": cells})


def world_of(file: MdpFile) -> World:
    """The world that a file holds.

    Raises:
        SandboxError: its parts do not fit together.
    """
    check(bool(file.transitions), "list at least one transition.", "transitions")
    check(bool(file.start), "list at least one state in which episodes begin.", "start")
    state, action, following, prob, reward, terminal = zip(*file.transitions, strict=True)
    start_state, start_prob = zip(*file.start, strict=True)
    last = max(max(state), max(following), max(start_state))
    tables = Tables(
        shape=file.shape or layout(last // file.inventory + 1),
        inventory=file.inventory,
        actions=tuple(file.actions),
        state=state,  # type: ignore[arg-type]
        action=action,  # type: ignore[arg-type]
        next_state=following,  # type: ignore[arg-type]
        prob=prob,  # type: ignore[arg-type]
        reward=reward,  # type: ignore[arg-type]
        terminal=terminal,  # type: ignore[arg-type]
        start_state=start_state,  # type: ignore[arg-type]
        start_prob=start_prob,  # type: ignore[arg-type]
        gamma=file.gamma,
        description=file.description,
    )
    world = World.of_tables(tables, file.name, file.step_limit)
    return world.replace(**own_values(file.cells, world.height, world.width))
