"""Processes that hold an object: what they answer, and that none outlives whoever started it."""

import gc
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rlsandbox.learning.processes import Crew, SharedFloats, opened
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import open_world

ROOT = Path(__file__).parents[2]


@pytest.fixture
def crew():
    made = Crew(2)
    yield made
    made.close()


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether a process ends within so many seconds; one that nobody has asked for its exit code has."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_each_holds_its_own_object_and_answers_in_order(crew):
    for k, text in enumerate((b"one", b"other")):
        crew.hold(k, io.BytesIO, text)
        crew.ask(k, "read", 2)
        crew.ask(k, "getvalue")
    assert [crew.answer(0) for _ in range(3)] == [None, b"on", b"one"]
    assert [crew.answer(1) for _ in range(3)] == [None, b"ot", b"other"]


def test_what_a_library_prints_is_no_answer(crew):
    crew.hold(0, print, "hello from a library")
    assert crew.answer(0) is None
    crew.hold(0, io.BytesIO, b"whole")
    crew.ask(0, "getvalue")
    assert [crew.answer(0), crew.answer(0)] == [None, b"whole"]


def test_a_fault_in_a_program_comes_with_where_it_was(crew):
    crew.hold(0, io.BytesIO)
    crew.answer(0)
    crew.ask(0, "seek", "there")
    with pytest.raises(RuntimeError, match=r"in a worker:\n(.|\n)*Traceback(.|\n)*TypeError"):
        crew.answer(0)
    assert crew.closed


def test_nothing_comes_before_it_is_there(crew):
    crew.hold(0, threading.Event)
    crew.answer(0)
    crew.ask(0, "wait", 0.3)
    with pytest.raises(TimeoutError):
        crew.answer(0, timeout=0.01)
    assert crew.answer(0) is False


def test_a_sentence_stays_a_sentence_and_ends_the_crew(crew):
    crew.hold(1, open_world, "no such world")
    with pytest.raises(SandboxError, match="no such world"):
        crew.answer(1)
    assert crew.closed and all(process.returncode is not None for process in crew.processes)


def test_one_that_is_killed_is_named_with_its_exit_code(crew):
    crew.hold(1, threading.Event)
    crew.answer(1)
    crew.ask(1, "wait", 60)
    os.kill(crew.processes[1].pid, signal.SIGKILL)
    sentence = r"^worker 2 of 2 ended unexpectedly \(exit code -9\): go back to the last good state, or "
    with pytest.raises(SandboxError, match=sentence):
        crew.answer(1)
    assert crew.closed and crew.processes[0].returncode is not None
    with pytest.raises(SandboxError, match="ended unexpectedly"):
        crew.ask(1, "wait")


@pytest.mark.parametrize("busy", [False, True])
def test_a_crew_that_nobody_needs_is_gone_within_two_seconds(busy):
    crew = Crew(2)
    processes = crew.processes
    for k in range(2):
        crew.hold(k, threading.Event if busy else io.BytesIO)
        crew.answer(k)
        if busy:
            crew.ask(k, "wait", 60)
    began = time.monotonic()
    del crew
    gc.collect()
    assert time.monotonic() - began < 2.0
    assert [process.returncode for process in processes] == [0, 0]
    assert not [thread for thread in threading.enumerate() if thread.name == "crew"]


LONELY = """
import sys, threading, time
from rlsandbox.learning.processes import Crew
crew = Crew(2)
for k in range(2):
    crew.hold(k, threading.Event)
    crew.answer(k)
    crew.ask(k, "wait", 60)
print(*(process.pid for process in crew.processes), flush=True)
crew.answer(0)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_they_end_with_whoever_started_them(how):
    parent = subprocess.Popen(
        [sys.executable, "-c", LONELY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2 and not any(gone(pid, 0.01) for pid in pids)
    parent.send_signal(how)
    assert all(gone(pid) for pid in pids)
    _, said = parent.communicate(timeout=20)
    assert parent.returncode in (-how, 130)
    assert (b"KeyboardInterrupt" in said) == (how == signal.SIGINT)
    assert said.count(b"Traceback") == (how == signal.SIGINT)  # the workers say nothing


def test_numbers_are_shared_and_leave_no_file():
    numbers = SharedFloats(5)
    assert numbers.path.exists() and numbers.array.tolist() == [0.0] * 5
    other = opened(numbers.path)
    numbers.forget()
    assert not numbers.path.exists()
    numbers.array[3] = 2.5
    assert other.tolist() == [0.0, 0.0, 0.0, 2.5, 0.0] and other.dtype == np.float32
    path = SharedFloats(5).path  # nobody keeps it
    gc.collect()
    assert not path.exists()


def test_where_there_is_no_room_that_is_said(monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    before = {path for folder in ("/dev/shm", "/tmp") for path in Path(folder).glob("rlsandbox-*")}
    with pytest.raises(SandboxError, match=r"there is no room for 4 MB that workers share\."):
        SharedFloats(2**20)
    assert {path for folder in ("/dev/shm", "/tmp") for path in Path(folder).glob("rlsandbox-*")} == before
