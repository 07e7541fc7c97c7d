"""A tile is added by one row of the table: it is painted, drawn, saved and obeyed without another edit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import rlsandbox.worlds

ROW = """
    Tile(
        "bramble",
        "Bramble",
        "z",
        "Z",
        Layer.TERRAIN,
        Rule(cost=0.25, slip=0.5),
        (shapes.ground("#204020", "#80c080"),),
        "Costs a little and holds on to one's sleeves.",
    ),
)

TILE_BY_ID"""

SCRIPT = textwrap.dedent("""
    import numpy as np
    from rlsandbox.worlds.files import dumps, loads
    from rlsandbox.worlds.mdp import compile_world
    from rlsandbox.worlds.picture import draw
    from rlsandbox.worlds.world import World

    world = World.blank(3, 3).painted([(1, 1)], "bramble")
    model = compile_world(world)
    assert model.reward[world.state_of((1, 0)), 1, 0] == -0.25
    assert sorted(model.prob[world.state_of((1, 1)), 1].tolist()) == [0.25, 0.25, 0.5]
    assert loads(dumps(world)) == world and '".z."' in dumps(world)
    assert draw(world, cell_px=20)[30, 30].tolist() == [0x80, 0xC0, 0x80]
""")


def test_one_row_adds_a_tile(tmp_path):
    package = tmp_path / "rlsandbox"
    package.mkdir()
    (package / "__init__.py").touch()
    source = Path(rlsandbox.worlds.__file__).parent
    shutil.copytree(source, package / "worlds", ignore=shutil.ignore_patterns("__pycache__"))
    table = package / "worlds" / "tiles.py"
    text = table.read_text(encoding="utf-8")
    assert text.count(")\n\nTILE_BY_ID") == 1
    table.write_text(text.replace(")\n\nTILE_BY_ID", ROW.lstrip("\n")), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_DISABLE_JIT": "1"},
        check=True,
        timeout=60,
    )
