"""Reading files that may be anything and writing files that are never half written."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from rlsandbox.worlds.errors import SandboxError

MAX_BYTES = 16 * 2**20


def read_capped(path: str | os.PathLike[str], limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file that is refused by its size before it is read.

    Raises:
        SandboxError: the file is missing, is no ordinary file, may not be read or is larger than `limit`.
    """
    place = str(path)
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise SandboxError("this is a folder: choose a file in it.", place)
        if not stat.S_ISREG(found.st_mode):
            raise SandboxError("this is no ordinary file.", place)
        if found.st_size > limit:
            raise SandboxError(
                f"the file has {found.st_size / 2**20:,.1f} MB, at most {limit / 2**20:,.0f} MB are read.",
                place,
            )
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, SandboxError):
            raise
        raise SandboxError(f"the file cannot be read: {_reason(error)}.", place) from error
    if len(data) > limit:
        raise SandboxError(f"the file grew over {limit / 2**20:,.0f} MB while it was read.", place)
    return data


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all: beside it first, to the disk, then over it in one step.

    Raises:
        SandboxError: the file cannot be written; what was there stays.
    """
    target = Path(os.path.realpath(path))  # a link keeps pointing where it points
    temporary = None
    try:
        mode = stat.S_IMODE(target.stat().st_mode) if target.is_file() else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
        temporary = None
        _sync_folder(target.parent)
    except (OSError, ValueError) as error:
        raise SandboxError(f"the file cannot be written: {_reason(error)}.", str(path)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows has no handle on a folder to flush
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: Exception) -> str:
    """What the system says, without numbers and paths."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]
