from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsandbox.worlds.disk import MAX_BYTES
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import dumps, import_world, load_world, loads, open_world, save_world, schema
from rlsandbox.worlds.gallery import GALLERY
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.world import World
from tests.worlds.strategies import worlds

CLIFF = dumps(GALLERY["cliff_walking"].make())


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_a_world_comes_back_from_its_text_and_the_text_byte_for_byte(world):
    text = dumps(world)
    again = loads(text)
    assert again == world
    assert dumps(again) == text


@pytest.mark.parametrize("name", GALLERY)
def test_saving_and_loading_keeps_every_gallery_world(name, tmp_path):
    world = GALLERY[name].make()
    save_world(world, tmp_path / "w.rlworld.json")
    assert load_world(tmp_path / "w.rlworld.json") == world
    assert import_world(tmp_path / "w.rlworld.json") == world
    assert open_world(str(tmp_path / "w.rlworld.json")) == open_world(name) == world


def test_a_large_world_full_of_values_is_written_in_layers_and_comes_back():
    """16,384 cells with values of their own are listed, one more makes layers."""
    rng = np.random.default_rng(0)
    listed = World.blank(128, 128).replace(reward=rng.normal(size=(128, 128)))
    assert '"layers"' not in dumps(listed)
    world = World.blank(512, 512).replace(
        reward=rng.normal(size=(512, 512)),
        reward_sd=rng.random((512, 512)),
        slip=rng.random((512, 512)),
        weight=rng.random((512, 512)) + 0.1,
        wind=rng.integers(-9, 10, (512, 512, 2)),
        potential=rng.normal(size=(512, 512)),
        policy=rng.integers(-1, 4, (512, 512)),
    )
    for each in (listed, world):
        text = dumps(each)
        assert len(text) <= MAX_BYTES
        assert loads(text) == each
        assert dumps(loads(text)) == text
    few = world.replace(reward_sd=np.zeros((512, 512)), wind=np.zeros((512, 512, 2)))
    assert '"wind": "' not in dumps(few)
    assert loads(dumps(few)) == few


@pytest.mark.parametrize(
    ("layers", "place"),
    [
        ({"reward": "AAAA"}, "layers.reward: the layer has 3 bytes, the world needs 384"),
        ({"reward": "*"}, "layers.reward: this is no base64"),
        ({"reward": 5}, "layers.reward: write a text"),
        ({"terrain": "AAAA"}, "layers.terrain"),
        ({"slip": base64.b64encode(np.full(48, 2.0).tobytes()).decode()}, "slip, cell (0, 0)"),
        ({"reward": base64.b64encode(np.full(48, np.inf).tobytes()).decode()}, "reward, cell (0, 0)"),
    ],
)
def test_wrong_layers_give_a_sentence(layers, place):
    with pytest.raises(SandboxError) as caught:
        loads(edited(layers=layers, cells=[]))
    assert place in str(caught.value)
    with pytest.raises(SandboxError, match="not both"):
        loads(edited(layers={"reward": "AAAA"}))


def test_the_schema_says_what_a_file_may_hold():
    found = schema()
    json.dumps(found)
    drawn, table = found["oneOf"]
    assert drawn["properties"]["format"]["const"] == "rlsandbox.world"
    assert table["properties"]["format"]["const"] == "rlsandbox-mdp"
    assert set(drawn["required"]) == {"format", "version", "name", "rules", "terrain"}
    assert set(table["required"]) == {"format", "version", "name", "actions", "transitions", "start"}
    assert drawn["additionalProperties"] is table["additionalProperties"] is False
    for kind, name in ((drawn, "cliff_walking"), (table, "taxi")):
        assert set(json.loads(dumps(GALLERY[name].make()))) <= set(kind["properties"])
    rules = found["$defs"]["Rules"]["properties"]
    assert set(rules) == {field.name for field in dataclasses.fields(Rules)}
    assert (rules["slip"]["type"], rules["slip"]["maximum"]) == ("number", 1)
    assert rules["moves"]["enum"] == [0, 2, 4, 8]
    assert set(found["$defs"]["Cell"]["properties"]) == {
        "cell", "reward", "reward_sd", "slip", "weight", "wind", "potential", "policy"
    }  # fmt: skip
    referred = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(found)))
    assert referred == set(found["$defs"])


def test_the_text_is_for_people():
    lines = CLIFF.splitlines()
    assert '    ".CCCCCCCCCC."' in lines
    assert '    "S..........G"' in lines
    assert '    {"cell": [3, 11], "reward": -1.0}' in lines


JSON_BITS = [
    "[",
    "]",
    "{",
    "}",
    '"',
    ",",
    ":",
    "1e999",
    "-0.0",
    "null",
    "true",
    "NaN",
    "\\ud800",
    "\x00",
    "1" * 5000,
]


def edited(**changes) -> bytes:
    return json.dumps(json.loads(CLIFF) | changes).encode()


MALFORMED = {
    "truncated": (CLIFF[:300].encode(), "line 16, column"),
    "empty": (b"", "line 1"),
    "not utf-8": (CLIFF.replace("Cliff", "Cl\xefff").encode("latin-1"), "line 4"),
    "utf-16": (CLIFF.encode("utf-16"), "line 1"),
    "other format": (edited(format="something"), '"format"'),
    "no object": (b"[1, 2]", "line 1"),
    "future version": (edited(version=99), "known is 1"),
    "version of a wrong type": (edited(version=True), "known is 1"),
    "version with many digits": (
        b'{"format": "rlsandbox.world", "version": 1' + b"0" * 5000 + b"}",
        "digits",
    ),
    "wrong type": (edited(terrain=5), "terrain: write a list"),
    "no rules": (edited(rules=None), "rules: write an object"),
    "no name": (
        json.dumps({k: v for k, v in json.loads(CLIFF).items() if k != "name"}).encode(),
        "name: this field",
    ),
    "a cell that is none": (edited(cells=[5]), "cells[0]: write an object"),
    "a place that is none": (edited(cells=[{"cell": 5}]), "cells[0].cell: write a list"),
    "half a row number": (edited(cells=[{"cell": [0.5, 1]}]), "cells[0].cell[0]: write a whole number"),
    "text for a number": (CLIFF.replace('"slip": 0.0', '"slip": "0.0"').encode(), "rules.slip"),
    "number for a truth": (CLIFF.replace('"stay": false', '"stay": 0').encode(), "rules.stay"),
    "infinite": (CLIFF.replace("-1.0}", "1e999}").encode(), "cells[0].reward"),
    "huge": (CLIFF.replace("-1.0}", "1e301}").encode(), "(3, 11)"),
    "NaN": (CLIFF.replace("-1.0}", "NaN}").encode(), "NaN"),
    "Infinity": (CLIFF.replace("-1.0}", "-Infinity}").encode(), "-Infinity"),
    "impossible slip": (CLIFF.replace('"slip": 0.0', '"slip": 1.5').encode(), "rules.slip"),
    "deep": (b'{"a": ' + b"[" * 100_000, "column 105"),
    "deep and closed": (b"[" * 100_000 + b"]" * 100_000, "line 1"),
    "duplicate key": (CLIFF.replace('"stay": false', '"moves": 8').encode(), "'moves'"),
    "unknown field": (edited(extra=1), "extra"),
    "unknown rule": (CLIFF.replace('"stay"', '"stayy"').encode(), "rules.stayy"),
    "unknown glyph": (CLIFF.replace(".CCC", ".?CC").encode(), "terrain[3], column 2"),
    "object as terrain": (CLIFF.replace(".CCC", ".GCC").encode(), "terrain[3], column 2"),
    "ragged": (CLIFF.replace(".CCC", ".CC").encode(), "terrain[3]"),
    "no cells": (edited(terrain=[], objects=[]), "terrain"),
    "too wide": (edited(terrain=["." * 513], objects=["." * 513]), "terrain[0]"),
    "too high": (edited(terrain=["."] * 513, objects=["."] * 513), "terrain"),
    "objects of another size": (edited(objects=["...."]), "objects"),
    "cell outside": (edited(cells=[{"cell": [4, 0], "reward": 1.0}]), "cells[0]"),
    "cell twice": (edited(cells=[{"cell": [1, 0], "reward": 1.0}] * 2), "cells[1]"),
    "wind too strong": (edited(cells=[{"cell": [1, 0], "wind": [10, 0]}]), "cells[0].wind[0]"),
    "link outside": (edited(links=[{"from": [1, 0], "to": [9, 9]}]), "links"),
    "unknown tile": (
        edited(schedule=[{"step": 5, "tiles": [[0, 0, "lava"]]}]),
        "schedule: there is no tile 'lava'",
    ),
    "changes out of order": (edited(schedule=[{"step": s, "tiles": []} for s in (5, 3)]), "schedule"),
    "name with a line break": (edited(name="a\nb"), "name"),
    "half a character": (CLIFF.replace("Cliff walking", "\\ud800").encode(), "line 4"),
    "zero byte": (b"\0" * 100, "line 1"),
    "no map": (b"hello world, this is no map", "column 1"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_file_gives_one_sentence_and_a_place(case, tmp_path):
    data, place = MALFORMED[case]
    path = tmp_path / "w.rlworld.json"
    path.write_bytes(data)
    with pytest.raises(SandboxError) as caught:
        import_world(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}")
    assert place in sentence
    assert "\n" not in sentence
    assert len(sentence) < len(str(path)) + 300
    with pytest.raises(SandboxError):
        load_world(path)


@given(
    st.integers(0, len(CLIFF) - 1),
    st.integers(0, len(CLIFF) - 1),
    st.text(max_size=4) | st.sampled_from(JSON_BITS),
)
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_gives_a_world_or_a_sentence(begin, end, patch):
    damaged = CLIFF[:begin] + patch + CLIFF[max(begin, end) :]
    try:
        world = loads(damaged)
    except SandboxError as error:
        assert "\n" not in str(error)
    else:
        assert loads(dumps(world)) == world


def test_a_mark_before_the_text_is_passed_over(tmp_path):
    (tmp_path / "w.json").write_bytes(b"\xef\xbb\xbf" + CLIFF.encode())
    assert dumps(load_world(tmp_path / "w.json")) == CLIFF


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(SandboxError, match="no such file"):
        load_world(tmp_path / "missing.rlworld.json")
    with pytest.raises(SandboxError, match="folder"):
        load_world(tmp_path)
    with pytest.raises(SandboxError, match="cannot be read"):
        load_world("a\0b")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(SandboxError, match="no ordinary file"):
            load_world(tmp_path / "pipe")


def test_a_large_file_is_refused_by_its_size(tmp_path):
    path = tmp_path / "large.rlworld.json"
    with open(path, "wb") as file:
        file.truncate(MAX_BYTES + 1)  # a sparse file: nothing is there to be read
    with pytest.raises(SandboxError, match="at most 16 MB"):
        load_world(path)


HOSTILE = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from rlsandbox.worlds.files import load_world, import_world
    from rlsandbox.worlds.errors import SandboxError
    for path in sys.argv[1:]:
        began = time.perf_counter()
        for read in (load_world, import_world):
            try:
                read(path)
            except SandboxError as error:
                peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
                print(time.perf_counter() - began, peak, error)
                began = time.perf_counter()
            else:
                sys.exit("accepted")
""")


def test_files_made_to_hurt_are_refused_within_a_second_and_200_mb(tmp_path):
    table = b'{"format": "rlsandbox-mdp", "version": 1, "name": "x", '
    full, head = 15 * 2**20, b'{"format": "rlsandbox.world", "version": 1, "name": "x", '
    for k, data in enumerate(
        (
            b"[" * full,
            b"[" + b"[]," * (full // 3),
            b"[" + b"0," * (full // 2),
            b"[" + b'{"a":1},' * (full // 8),
            b'{"a":' * 3000 + b" " * full,
            b'"' + b"a" * full,
            b"1" * full,
            b"0." + b"1" * full,
            b"\n" * full,
            b"." * full,
            (b"." * 127 + b"\n") * (full // 128),
            head + b'"cells": [' + b'{"a":1},' * 70_000 + b"{}]}",
            head + b'"terrain": [' + b'"a",' * 300_000 + b'"a"]}',
            head + b'"rules": {"moves": "' + b"a" * full + b'"}}',
            b"\x00" * full,
            head + b'"layers": {"reward": "' + b"A" * full + b'"}}',
            head + b'"layers": {' + b",".join(b'"%d": "a"' % k for k in range(300_000)) + b"}}",
            head + b'"rules": {' + b",".join(b'"%d": 1' % k for k in range(300_000)) + b"}}",
            table
            + b'"actions": ["a"], "start": [[0, 1]], "transitions": ['
            + b",".join(b"[%d,0,1,0.1,0,false]" % k for k in range(110_000))
            + b"]}",
            table
            + b'"actions": ["a"], "start": [[0, 1]], "shape": [512, 512], "inventory": 1048576, '
            + b'"transitions": [[0, 0, 1, 1, 0, false]]}',
            table + b'"actions": ["a"], "start": [' + b"[0,0.5]," * 150_000 + b"[0,0.5]], "
            b'"transitions": [[0, 0, 0, 1, 0, false]]}',
            table + b'"actions": [' + b'"a",' * 500_000 + b'"a"], "start": [[0, 1]], '
            b'"transitions": [[0, 0, 0, 1, 0, false]]}',
            table + b'"description": "' + b"a" * full + b'"}',
        )
    ):
        (tmp_path / f"{k}.json").write_bytes(data)
    paths = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, *paths], capture_output=True, text=True, timeout=120, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2 * len(paths)
    for line in lines:
        seconds, kilobytes, sentence = line.split(" ", 2)
        assert float(seconds) < 1, line
        assert int(kilobytes) < 200 * 1024, line
        assert len(sentence) < 400


def test_a_failed_save_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "w.rlworld.json"
    save_world(World.blank(2, 2, "old"), path)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(SandboxError, match="no space left on device"):
        save_world(World.blank(3, 3, "new"), path)
    assert load_world(path) == World.blank(2, 2, "old")
    assert list(tmp_path.iterdir()) == [path]


def test_saving_keeps_links_and_permissions(tmp_path):
    path, link = tmp_path / "w.rlworld.json", tmp_path / "link.rlworld.json"
    save_world(World.blank(2, 2), path)
    path.chmod(0o640)
    link.symlink_to(path)
    save_world(World.blank(1, 1), link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert load_world(path).height == 1
    with pytest.raises(SandboxError, match="cannot be written"):
        save_world(World.blank(1, 1), tmp_path / "no such folder" / "w.json")


def test_a_frozen_lake_is_read_from_its_desc(tmp_path):
    lake = GALLERY["frozen_lake_4x4"].make()
    for text in ("SFFF\nFHFH\nFFFH\nHFFG\n", '["SFFF",\n "FHFH",\n "FFFH",\n "HFFG"]'):
        (tmp_path / "lake.txt").write_text(text)
        assert import_world(tmp_path / "lake.txt") == lake.replace(name="lake")


def test_a_plain_map_is_read(tmp_path):
    (tmp_path / "my maze.txt").write_text("#####\n#S  \n# #G#\r\n#####\n\n")
    world = open_world(str(tmp_path / "my maze.txt"))
    assert (world.name, world.height, world.width) == ("my maze", 4, 5)
    assert world.cells_of("start") == [(1, 1)]
    assert world.cells_of("goal") == [(2, 3)]
    assert world.tile_at((1, 4)).id == "floor"
    assert world.tile_at((2, 2)).id == "wall"


def test_a_wrong_map_says_where(tmp_path):
    (tmp_path / "m.txt").write_text("S..\n.?G\n")
    with pytest.raises(SandboxError, match="line 2, column 2"):
        import_world(tmp_path / "m.txt")
    (tmp_path / "m.txt").write_text("S..\n.G\n")
    with pytest.raises(SandboxError, match=r"line 2.*2 cells"):
        import_world(tmp_path / "m.txt")


@pytest.mark.parametrize(
    "name", ["cliff_walkin", "maze", "maze:4:0", "maze:21", "open:513:0", "maze:a:0", "maze:5x5x5:0"]
)
def test_a_wrong_name_gives_a_sentence(name):
    with pytest.raises(SandboxError):
        open_world(name)


def test_a_near_miss_is_suggested():
    with pytest.raises(SandboxError, match="did you mean cliff_walking"):
        open_world("clif_walking")


def test_this_module_needs_no_compiler():
    heavy = ("numba", "torch", "PySide6")
    code = f"import sys, rlsandbox.worlds.files; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stderr
