"""Q-learning in C, compiled on the spot where there is a compiler."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from rlsandbox.learning.exploration import seeded
from rlsandbox.learning.walk import BINS, LATEST, TRAIL, Model
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.world import World

# No fused multiply-add: the compiled loop does without as well, and the tables must be equal.
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")


def load() -> Any:
    """The compiled C function, or None where there is no compiler."""
    compiler = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="rlsandbox-bench-"))
    try:
        source, library = Path(__file__).with_name("q_learning.c"), folder / "q_learning.so"
        subprocess.run([compiler, *FLAGS, "-o", str(library), str(source)], check=True, capture_output=True)
        function = ctypes.CDLL(str(library)).q_learning
    except (OSError, subprocess.CalledProcessError):
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a loaded library stays loaded
    function.restype = ctypes.c_int64
    return function


def q_learning(
    function: Any, world: World, n_steps: int, alpha: float, gamma: float, epsilon: float
) -> tuple[np.ndarray, float]:
    """The table `[S, A]` of seed 0 after so many steps, and steps a second."""
    mdp = compile_world(world)
    model = Model.of(mdp)
    n_states, n_actions, n_outcomes = mdp.prob.shape
    q, visits = np.zeros((n_states, n_actions)), np.zeros((n_states, n_actions), np.int64)
    logs = np.zeros(TRAIL, np.int64), np.zeros(BINS), np.zeros(BINS), np.zeros(LATEST)
    terminal = np.ascontiguousarray(model.terminal).view(np.uint8)
    arrays = (q, visits, *logs, model.next_state, model.cumulative, model.reward, terminal)
    starts = model.start_states, model.start_cumulative
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*arrays, *starts)]
    sizes = map(ctypes.c_int64, (n_actions, n_outcomes, BINS, model.step_limit))
    numbers = map(ctypes.c_double, (alpha, gamma, epsilon))
    rng = ctypes.c_uint64(int(seeded((0,))[0]))
    began = time.process_time()
    function(*pointers, *sizes, *numbers, rng, ctypes.c_int64(n_steps))
    return q, n_steps / (time.process_time() - began)
