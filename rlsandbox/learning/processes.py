"""Processes of their own that each hold an object and are asked to call its methods.

They are fresh interpreters: nothing of threads, of Qt or of the caller's own script is in them. They end with
whoever started them, however that comes about: a process whose standard input ends has nobody left to serve.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import weakref
from pathlib import Path
from typing import IO, Any

import numpy as np

from rlsandbox.worlds.errors import SandboxError

_GRACE = 0.5
"""Seconds that a process has to put away what it holds when nobody wants it any more."""
_SERVE = "from rlsandbox.learning.processes import serve; serve()"
_HEAD = 8
"""Bytes before an order, that say how long it is."""
_IN_MEMORY = "/dev/shm"

Inbox = queue.SimpleQueue[Any]


class Crew:
    """Processes that each hold one object.

    They are told to end when the crew is closed, or not needed any more, or this process ends.

    Args:
        size: how many.

    Attributes:
        processes: them; closed: whether they have been told to end.
    """

    def __init__(self, size: int) -> None:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-c", _SERVE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": paths},
                start_new_session=True,  # Ctrl-C is for this process alone, which then closes the crew
            )
            for _ in range(size)
        ]
        self._heard: list[Inbox] = [queue.SimpleQueue() for _ in self.processes]
        listeners = [
            threading.Thread(target=_hear, args=(process.stdout, heard), name="crew", daemon=True)
            for process, heard in zip(self.processes, self._heard, strict=True)
        ]
        for listener in listeners:
            listener.start()
        self._end = weakref.finalize(self, _end, self.processes, listeners)

    @property
    def closed(self) -> bool:
        """Whether its processes have ended."""
        return not self._end.alive

    def close(self) -> None:
        """End its processes, and wait for that."""
        self._end()

    def hold(self, member: int, kind: type, *arguments: Any) -> None:
        """Let a member make the object that it holds; `answer` tells that this is done.

        Raises:
            SandboxError: its process has ended.
        """
        self.ask(member, "", kind, *arguments)

    def ask(self, member: int, method: str, *arguments: Any) -> None:
        """Let a member call a method of the object that it holds; `answer` brings the result.

        Raises:
            SandboxError: its process has ended.
        """
        order, pipe = pickle.dumps((method, arguments)), self.processes[member].stdin
        assert pipe is not None
        try:
            pipe.write(len(order).to_bytes(_HEAD, "little") + order)
            pipe.flush()
        except (OSError, ValueError):  # ValueError: the pipe is closed
            raise self._ended(member) from None

    def answer(self, member: int, timeout: float | None = None) -> Any:
        """The result of the oldest order that a member has not answered yet.

        Raises:
            TimeoutError: there is none after so many seconds.
            SandboxError: its process has ended, or what it was asked for cannot be done.
            RuntimeError: the method raised; says how. After this and any other error the crew is closed.
        """
        try:
            answer = self._heard[member].get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        except BaseException:  # Ctrl-C: nobody will listen for what is still to come
            self.close()
            raise
        if answer is None:
            raise self._ended(member)
        kind, result = answer
        if kind != "done":
            self.close()
            raise SandboxError(result) if kind == "refused" else RuntimeError(f"in a worker:\n{result}")
        return result

    def _ended(self, member: int) -> SandboxError:
        """Close the crew of which one has ended, and say so."""
        process = self.processes[member]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        code = process.returncode
        self.close()
        return SandboxError(
            f"worker {member + 1} of {len(self.processes)} ended unexpectedly (exit code {code}): go back to "
            "the last good state, or train anew."
        )


def _hear(answers: IO[bytes], heard: Inbox) -> None:
    """Take answers from a pipe, then None when there are no more."""
    try:
        while True:
            heard.put(pickle.load(answers))
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        heard.put(None)


def _end(processes: list[subprocess.Popen[bytes]], listeners: list[threading.Thread]) -> None:
    for process in processes:
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # what was not sent yet cannot be
            process.stdin.close()
    for process, listener in zip(processes, listeners, strict=True):
        try:
            process.wait(4 * _GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join()
        assert process.stdout is not None
        process.stdout.close()


def serve() -> None:
    """What a process of a crew does: orders from standard input, answers to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    with contextlib.suppress(OSError):
        os.dup2(2, 1)  # what a library prints is no answer
    orders: Inbox = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, orders), daemon=True).start()
    held: Any = None
    while (order := orders.get()) is not None:
        try:
            method, arguments = pickle.loads(order)
            if method:
                answer = "done", getattr(held, method)(*arguments)
            else:
                held, answer = arguments[0](*arguments[1:]), ("done", None)
        except SandboxError as error:
            answer = "refused", str(error)
        except Exception:
            answer = "broke", traceback.format_exc()
        try:
            pickle.dump(answer, answers)
            answers.flush()
        except OSError:  # nobody listens
            break
    if held is not None:
        held.close()
    os._exit(0)  # nothing is left to be done, and libraries take their time to leave


def _listen(pipe: IO[bytes], orders: Inbox) -> None:
    """Take orders from a pipe; when it ends, so does the process, be it in the midst of something."""
    while len(head := pipe.read(_HEAD)) == _HEAD:
        orders.put(pipe.read(int.from_bytes(head, "little")))
    orders.put(None)
    time.sleep(_GRACE)
    os._exit(0)


class SharedFloats:
    """Numbers that several processes read and write, without locks.

    They are a file in memory, or in the folder for temporary files where memory has no such folder or no
    room, whose name goes when all have opened it: nothing is left behind by whoever is killed.

    Args:
        size: how many.

    Attributes:
        path: the file.
        array: `[size]` float32.

    Raises:
        SandboxError: there is no room.
    """

    def __init__(self, size: int) -> None:
        for folder in (_IN_MEMORY, tempfile.gettempdir()):
            with contextlib.suppress(OSError):
                file, path = tempfile.mkstemp(prefix="rlsandbox-", dir=folder)
                self.path = Path(path)
                self._forget = weakref.finalize(self, _forget, self.path)
                try:
                    # room is taken now: without it, to write there later would end the process
                    getattr(os, "posix_fallocate", lambda *_: None)(file, 0, 4 * size)
                    os.truncate(file, 4 * size)
                except OSError:
                    self.forget()
                    continue
                finally:
                    os.close(file)
                self.array = opened(path)
                return
        raise SandboxError(f"there is no room for {4 * size / 2**20:.0f} MB that workers share.")

    def forget(self) -> None:
        """Everybody has opened it."""
        self._forget()


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError):  # some systems keep the name of a file in use
        path.unlink()


def opened(path: str | Path) -> Any:
    """The numbers of `SharedFloats` by their file, `[size]` float32."""
    return np.memmap(path, np.float32, "r+").view(np.ndarray)
