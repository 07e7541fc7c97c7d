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
NEWEST_FIRST = ("3.13", "3.12", "3.11", "3.14")

EXTRAS = {"run": "", "test": "[test,dev]"}  # what each command installs besides the runtime
INCLUDES = {"run": {"run"}, "test": {"run", "test"}}


class SetupError(Exception):
    """The set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    """Print one line at once, on standard error: standard output belongs to the program."""
    print(text, file=sys.stderr, flush=True)


def require_python() -> None:
    """Go on under Python 3.11 or newer: hand over to one that is installed, else say what is missing."""
    if sys.version_info >= (3, 11):  # noqa: UP036 - whoever starts this file may have an older one
        return
    for version in NEWEST_FIRST:
        found = shutil.which("python" + version)
        if found:
            command = [found, *sys.argv]
            if WINDOWS:
                sys.exit(subprocess.call(command))
            os.execv(found, command)
    say(
        "RL Sandbox needs Python 3.11 or newer; start this file with one (here: {}.{}).".format(
            *sys.version_info
        )
    )
    sys.exit(1)


def ensure(purpose: str) -> list[str]:
    """Set everything up that `purpose` needs, if it is not there yet.

    Args:
        purpose: "run" (what the program needs) or "test" (that, the tests' and the checks' tools).

    Returns:
        The shared libraries that Qt still lacks: empty when all is well.

    Raises:
        SetupError: with a sentence that says what to do.
    """
    if _is_complete(purpose) and _read_state().get("libraries") == "present":
        return []
    with _locked() as lock:
        missing = system_libraries.provide(purpose, say, lambda command: _run(command, lock, _apt_progress))
        if not _is_complete(purpose):
            _install(purpose, lock)
        _write_state({**_read_state(), "libraries": "missing" if missing else "present"})
    return missing


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
    import tomllib  # not there before Python 3.11, which require_python() sees to first

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


def _install(purpose: str, lock: int) -> None:
    state = _read_state()
    if state.get("state") == "started":
        say("An earlier set-up was interrupted: starting again with a new .venv.")
        shutil.rmtree(VENV)
    elif state and state.get("place") != _place():
        say("The folder or the Python under .venv has changed: making it anew.")
        shutil.rmtree(VENV)
    elif not state and VENV.exists() and not _usable():
        say("The .venv here does not work: making it anew.")
        shutil.rmtree(VENV)
    kept = set(state.get("purposes", ())) if VENV.exists() else set()
    fresh = not PYTHON.exists()
    _write_state({"state": "started"})
    say("Setting up RL Sandbox in .venv (once; it takes a few minutes).")
    if fresh:
        _make_venv(lock)
    wanted = INCLUDES[purpose] | kept
    extras = EXTRAS["test" if "test" in wanted else "run"]
    say("Installing the packages named in packaging/requirements.lock:")
    # The build tools come from the lock file as well, so nothing is built with an unknown version.
    _pip(lock, "-c", str(LOCK), "hatchling")
    _pip(lock, "-c", str(LOCK), "--no-build-isolation", "-e", "." + extras)
    if (ROOT / "rlsandbox" / "training" / "warmup.py").is_file():
        say("Compiling the learning kernels.")
        warmup = [str(PYTHON), "-P", "-m", "rlsandbox.training.warmup"]
        if _run(warmup, lock) != 0:
            say("  That failed; they will be compiled when they are first used.")
    done = {"state": "complete", "purposes": sorted(wanted), "place": _place(), "content": _content()}
    _write_state(done)
    say("Set-up is complete.")


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
    if not _has_ensurepip(base):
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        say(f"This Python has no ensurepip (Debian's package {package}).")
        run = lambda command: _run(command, lock, _apt_progress)  # noqa: E731
        if system_libraries.can_install():
            system_libraries.install([package], say, run)
    if _has_ensurepip(base):
        say(f"Making .venv with {base}.")
        _must(_run([base, "-m", "venv", str(VENV)], lock), "The virtual environment could not be made")
        return
    say(f"Making .venv with {base}, without pip at first.")
    _must(
        _run([base, "-m", "venv", "--without-pip", str(VENV)], lock),
        "The virtual environment could not be made",
    )
    for way in (_pip_from_system, _pip_from_apt):
        if way(base, lock):
            return
    raise SetupError(
        "There is no pip for the new environment: type `sudo apt-get install -y python3-venv`"
        " and start this command again."
    )


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
    wheel = found and re.match(r"([\w.]+)-([\w.+!]+)-.*\.whl$", re.split(r"[/\\]", found[1])[-1])
    if wheel:
        say("  " + " ".join(filter(None, [wheel[1], wheel[2], found[2]])))


def _apt_progress(line: str) -> None:
    found = re.match(r"Setting up (\S+)", line)
    if found:
        say(f"  {found[1].split(':')[0]}")


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
