"""Makes the virtual environment that run.py and test.py use; standard library only.

The environment is `.venv` at the top of the checkout. A state file in it says "started" from the first
moment on and "complete" as the very last thing, so an interrupted set-up is noticed and made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import system_libraries

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "packaging" / "requirements.lock"
STATE = VENV / "rlsandbox-setup.json"
LOG = VENV / "rlsandbox-setup.log"
WINDOWS = sys.platform == "win32"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")

EXTRAS = {"run": "", "test": "[test,dev]"}  # what each command installs besides the runtime
INCLUDES = {"run": {"run"}, "test": {"run", "test"}}


class SetupError(Exception):
    """The set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    """Print one line at once, on standard error: standard output belongs to the program."""
    print(text, file=sys.stderr, flush=True)


def ensure(purpose: str) -> list[str]:
    """Set everything up that `purpose` needs, if it is not there yet; exit with a sentence if it cannot be.

    Args:
        purpose: "run" (what the program needs) or "test" (that, the tests' and the checks' tools).

    Returns:
        The shared libraries that Qt still lacks: empty when all is well.
    """
    try:
        if _is_complete(purpose) and _read_state().get("libraries") in {purpose, "test"}:
            return []
        with _locked() as lock:
            return _set_up(purpose, lock)
    except (SetupError, OSError) as error:
        say(f"The set-up failed: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("The set-up was interrupted; the next start makes it again.")
        sys.exit(130)


def run_python(*args: str) -> int:
    """Run the environment's Python in the caller's folder; on POSIX it takes this process's place."""
    # -P: a file called random.py in the caller's folder must not stand in for the library's.
    command = [str(PYTHON), "-P", *args]
    if WINDOWS:
        return subprocess.call(command)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)


# --- the state file -------------------------------------------------------------------------------


def _place() -> str:
    """Where the environment stands and on which interpreter; it is made anew when either has moved."""
    return f"{VENV} on {os.path.realpath(PYTHON)}"


def _content() -> str:
    """Hash of the lock file and of the parts of pyproject.toml that installing reads."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [pyproject["build-system"], pyproject["project"], pyproject["tool"]["hatch"]]
    text = json.dumps(asked, sort_keys=True) + LOCK.read_text(encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def _read_state() -> dict:
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _write_state(state: dict) -> None:
    VENV.mkdir(exist_ok=True)
    new = STATE.with_suffix(".new")
    new.write_text(json.dumps(state), encoding="utf-8")
    os.replace(new, STATE)


def _is_complete(purpose: str) -> bool:
    state = _read_state()
    return (
        state.get("state") == "complete"
        and purpose in state.get("purposes", ())
        and state.get("place") == _place()
        and state.get("content") == _content()
        and PYTHON.exists()
    )


@contextlib.contextmanager
def _locked() -> Iterator[int]:
    """Hold the set-up's lock: two commands started at once set up one after the other."""
    path = ROOT / ".venv.lock"
    with open(path, "a+b") as file:
        if WINDOWS:
            import msvcrt
            import time

            waiting = False
            while True:
                try:
                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    if not waiting:
                        say("Another set-up is running; waiting for it.")
                    waiting = True
                    time.sleep(0.5)
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                say("Another set-up is running; waiting for it.")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


# --- making it ------------------------------------------------------------------------------------


def _set_up(purpose: str, lock: int) -> list[str]:
    ready = _is_complete(purpose)  # somebody else may have set up while we waited for the lock
    before = {}
    if not ready:
        say("Setting up RL Sandbox in .venv (once; it takes a few minutes).")
        before = _keep_what_works()
        _write_state({**before, "state": "started"})
    missing = system_libraries.provide(purpose, say, lambda command: _run(command, lock))
    if missing and not ready:
        say(system_libraries.advice(missing))
    if not ready:
        purposes = INCLUDES[purpose] | set(before["purposes"])
        try:
            _install(EXTRAS["test" if "test" in purposes else "run"], lock)
        except SetupError:
            # pip ended by itself (no network, say) and left nothing half-written: try again in place.
            _write_state({**before, "state": "failed"})
            raise
        done = {**before, "state": "complete", "purposes": sorted(purposes)}
        _write_state({**done, "place": _place(), "content": _content()})
        say("Set-up is complete.")
    _write_state({**_read_state(), "libraries": "missing" if missing else purpose})
    return missing


def _keep_what_works() -> dict:
    """Remove a .venv that cannot be mended.

    Returns:
        What is known of the one that is left: whether it is "ours" (made by these scripts; somebody else's is
        used, but not removed while it works) and the "purposes" that it was made for.
    """
    state = _read_state()
    ours = state.get("ours", not VENV.exists())
    usable = _usable()
    reason = None
    if ours and state.get("state") == "started":
        reason = "An earlier set-up was interrupted"
    elif ours and usable and state.get("place", _place()) != _place():
        reason = "The folder or the Python under .venv has changed"
    elif VENV.exists() and not usable:
        reason = "The .venv here does not work"
    if reason:
        say(f"{reason}: making .venv anew.")
        shutil.rmtree(VENV)
        return {"ours": True, "purposes": []}
    return {"ours": ours, "purposes": state.get("purposes", [])}


def _install(extras: str, lock: int) -> None:
    if not PYTHON.exists():
        _make_venv(lock)
    say("Installing the packages named in packaging/requirements.lock:")
    # The build tool comes from the lock file as well, so nothing is built with an unknown version.
    _pip(lock, "-c", str(LOCK), "hatchling")
    _pip(lock, "-c", str(LOCK), "--no-build-isolation", "-e", "." + extras)
    if (ROOT / "rlsandbox" / "training" / "warmup.py").is_file():
        say("Compiling the learning kernels.")
        if _run([str(PYTHON), "-P", "-m", "rlsandbox.training.warmup"], lock) != 0:
            say("  That failed; they will be compiled when they are first used.")


def _usable() -> bool:
    """Whether a .venv that somebody else made can be used as it is."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([PYTHON, "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def _make_venv(lock: int) -> None:
    """Make .venv with pip in it, also where the system's Python came without ensurepip (Debian's does)."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    say(f"Making .venv with {base}.")
    make = [base, "-m", "venv", str(VENV)]
    if not _has_ensurepip(base):
        _must(_run([*make, "--without-pip"], lock), "the virtual environment could not be made")
        # Installing Debian's python3-venv comes last: it changes the system's Python and its certificates.
        if any(way(base, lock) for way in (_pip_from_system, _pip_from_apt, _ensurepip_from_apt)):
            return
        raise SetupError(
            "there is no pip for the new environment; type `sudo apt-get install -y python3-venv`"
            " and start this command again."
        )
    _must(_run(make, lock), "the virtual environment could not be made")


def _has_ensurepip(python: str) -> bool:
    return subprocess.run([python, "-c", "import ensurepip"], capture_output=True).returncode == 0


def _pip_from_system(base: str, lock: int) -> bool:
    """The system's own pip installs one into .venv."""
    if subprocess.run([base, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        return False
    say("Installing pip with the system's pip.")
    command = [base, "-m", "pip", "install", "--no-user", "--target", str(_site_packages()), "pip"]
    return _run(command, lock) == 0


def _pip_from_apt(_base: str, lock: int) -> bool:
    """Debian keeps pip as a wheel in a package, and apt downloads packages without being root."""
    work = VENV / "pip-download"
    work.mkdir(exist_ok=True)
    wheels = system_libraries.download_pip_wheel(work, lambda command: _run(command, lock, cwd=work))
    if not wheels:
        return False
    say(f"Installing pip from Debian's {wheels[0].name}.")
    # A wheel is a zip file that Python can run.
    command = [str(PYTHON), f"{wheels[0]}/pip", "install", "--no-index", "--no-user", str(wheels[0])]
    done = _run(command, lock) == 0
    shutil.rmtree(work)
    return done


def _ensurepip_from_apt(_base: str, lock: int) -> bool:
    """Debian's own way, which needs root."""
    package = "python{}.{}-venv".format(*sys.version_info)
    if not system_libraries.can_install():
        return False
    if not system_libraries.install([package], say, lambda command: _run(command, lock)):
        return False
    return _run([str(PYTHON), "-m", "ensurepip"], lock) == 0


def _site_packages() -> Path:
    query = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip())


def _pip(lock: int, *args: str) -> None:
    """Run the environment's pip; the machine's own pip configuration holds."""
    quiet = ["--disable-pip-version-check", "--no-input"]
    command = [str(PYTHON), "-m", "pip", *quiet, "install", "--progress-bar=off", "--no-user", *args]
    _must(_run(command, lock, _pip_progress), "pip could not install what the sandbox needs")


def _must(status: int, sentence: str) -> None:
    if status != 0:
        with contextlib.suppress(OSError):
            lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines()
            say("\n".join("  | " + line for line in lines[-15:]))
        raise SetupError(f"{sentence}: see the lines above and {LOG}.")


def _pip_progress(line: str) -> None:
    if line.startswith("Installing collected packages:"):
        say(f"Unpacking {line.count(',') + 1} packages.")
    found = re.match(r"\s*(?:Downloading|Using cached|Processing) (\S+)(?:.*(\([\d.]+ [kMG]?B\)))?", line)
    if not found:
        return
    wheel = re.match(r"([\w.]+)-([\w.+!]+)-.*\.whl$", re.split(r"[/\\]", found[1])[-1])
    if wheel:
        say("  " + " ".join(filter(None, [wheel[1], wheel[2], found[2]])))


def _run(command: Sequence[str], lock: int, show=lambda line: None, cwd: Path = ROOT) -> int:
    """Run a command with its output in the log; `show` says the lines that a person wants to see."""
    VENV.mkdir(exist_ok=True)
    env = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PYTHONUNBUFFERED": "1"}
    # The child holds the lock too: if this process is killed, a new set-up waits until the child ends.
    with open(LOG, "a", encoding="utf-8") as log:
        log.write("$ " + " ".join(command) + "\n")
        log.flush()
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                pass_fds=() if WINDOWS else (lock,),
            )
        except OSError as error:
            log.write(f"{error}\n")
            return 127
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                log.flush()
                show(line)
    return process.returncode
