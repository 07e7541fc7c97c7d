"""What the rooms promise: a new algorithm, overlay or tile is one new thing in one place."""

import ast
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

import rlsandbox
from rlsandbox import algorithms, overlays
from rlsandbox.algorithms import tabular
from rlsandbox.learning.agent import View
from rlsandbox.learning.problem import Enumerable
from rlsandbox.marks import Badge, Badges
from rlsandbox.worlds.tiles import TILES
from tests.helpers import begin, corridor

PACKAGE = Path(rlsandbox.__file__).parent


@contextmanager
def one_more_file(package: ModuleType, registry, folder: Path, name: str, source: str) -> Iterator[None]:
    """As if a file stood in the folder of a package."""
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    package.__path__.append(str(folder))
    importlib.invalidate_caches()
    registry.cache_clear()
    try:
        yield
    finally:
        package.__path__.remove(str(folder))
        registry.cache_clear()
        sys.modules.pop(f"{package.__name__}.{name}", None)
        if hasattr(package, name):
            delattr(package, name)


TIMID = '''"""A new algorithm: Q-learning that expects nothing of what comes next."""

from rlsandbox.algorithms.tabular.q_learning import QLearning


class Timid(QLearning):
    """Looks no further than the next reward."""

    title = "Timid"

    def setting(self):
        """As ever, but with no discount left."""
        return super().setting()._replace(gamma=0.0)
'''

NORTH = '''"""A new overlay."""

from rlsandbox.marks import Badge, Badges
from rlsandbox.overlays.scene import Overlay


class North(Overlay):
    """Says where north is."""

    title = "North"
    tip = "Where north is."
    order = 5

    def marks(self, scene):
        """One badge at the top."""
        return (Badges((Badge(0.5, scene.world.width / 2, "N"),)),)
'''


def test_an_algorithm_is_one_new_file(tmp_path):
    before = dict(algorithms.registry())
    with one_more_file(tabular, algorithms.registry, tmp_path, "timid", TIMID):
        assert set(algorithms.registry()) == {*before, "timid"}
        timid = algorithms.find("timid")
        assert timid.title == "Timid"
        assert algorithms.family_of(timid) == algorithms.family_of(algorithms.find("q_learning"))
        session = begin("timid", corridor(3), steps=500, gamma=1.0, alpha=0.5)
        session.run()
        assert session.agent.learnt()["Q"].min() >= -1.0  # no step looks beyond its own reward
    assert algorithms.registry() == before


def test_an_overlay_is_one_new_file(tmp_path):
    before = set(overlays.registry())
    with one_more_file(overlays, overlays.registry, tmp_path, "north", NORTH):
        assert set(overlays.registry()) == before | {"north"}
        assert next(iter(overlays.registry())) == "north"  # the lowest comes first
        problem = Enumerable.of(corridor(3))
        session = begin("value_iteration", problem.world)
        scene = overlays.Scene.of(problem.world, problem.mdp, session.agent.snapshot(View()))
        assert overlays.find("north").marks(scene) == (Badges((Badge(0.5, 1.5, "N"),)),)
    assert set(overlays.registry()) == before


LAVA = """
    Tile("lava", "Lava", "L", "L", Layer.TERRAIN, Rule(terminal=True, reward=-5.0), (), "Ends it hotly."),
"""

TRY_LAVA = """
import numpy as np
from rlsandbox.worlds import files, mdp, tiles
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

world = world_from_rows(("SL.",))
assert world == World.blank(1, 3).painted([(0, 0)], "start").painted([(0, 1)], "lava")
assert files.loads(files.dumps(world)) == world
model = mdp.compile_world(world)
right = 1
assert (model.reward[0, right, 0], model.terminal[0, right, 0]) == (-5.0, True)
assert model.live.tolist() == [True, False, True]
assert mdp.recompile(model, world, world.painted([(0, 1)], "floor")).live.all()
assert tiles.TILE_BY_ID["lava"].title == "Lava"
print("hot")
"""


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_tile_is_one_new_row(tmp_path, place):
    shutil.copytree(PACKAGE, tmp_path / "rlsandbox", ignore=shutil.ignore_patterns("__pycache__", "studio"))
    table = tmp_path / "rlsandbox" / "worlds" / "tiles.py"
    source = table.read_text(encoding="utf-8")
    assert source.count("\nTILES: tuple[Tile, ...] = (\n") == 1
    head, opening, rows = source.partition("\nTILES: tuple[Tile, ...] = (\n")
    rows = LAVA + rows if place == "first" else rows.replace("\n)\n", f"{LAVA})\n", 1)
    table.write_text(head + opening + rows, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_DISABLE_JIT": "1"}
    tried = subprocess.run(
        [sys.executable, "-c", TRY_LAVA],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (tried.stdout, tried.returncode) == ("hot\n", 0), tried.stderr


def test_tiles_tell_each_other_apart():
    for field in ("id", "title", "glyph"):
        values = [getattr(tile, field) for tile in TILES]
        assert len(set(values)) == len(values)
        assert all(values)


def test_no_code_but_its_own_names_an_algorithm():
    """Elsewhere than in benchmarks and reproductions an id may stand only in a default that has a name.

    The random agent's is a common word as well: a kind of slip, a policy to be evaluated.
    """
    ids = algorithms.registry().keys() - {"random"}
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE)
        if room.parts[0] in ("benchmarks", "reproductions"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            id(constant)
            for statement in tree.body
            if isinstance(statement, ast.Assign | ast.AnnAssign)
            for constant in ast.walk(statement)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node.value in ids:
                assert id(node) in named, f"{room}:{node.lineno} names {node.value}"
            if isinstance(node, ast.ImportFrom) and room.parts[0] != "algorithms":
                assert not (node.module or "").startswith("rlsandbox.algorithms."), f"{room}:{node.lineno}"


@pytest.mark.parametrize(
    "statement",
    [
        "import rlsandbox",
        "import rlsandbox.algorithms; rlsandbox.algorithms.registry()",
        "import rlsandbox.overlays; rlsandbox.overlays.registry()",
        "from rlsandbox.training.session import TrainingSession",
    ],
)
def test_what_is_heavy_is_loaded_only_when_it_is_needed(statement):
    heavy = ("PySide6", "pyqtgraph", "torch", "numba", "llvmlite", "scipy")
    script = f"import sys; {statement}; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (loaded.stdout.strip(), loaded.returncode) == ("[]", 0), loaded.stderr


def test_files_are_of_a_readable_length():
    algorithm_files = (PACKAGE / "algorithms").rglob("*.py")
    assert max(len(path.read_text(encoding="utf-8").splitlines()) for path in algorithm_files) <= 250
