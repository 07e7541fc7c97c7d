"""Named arrays with a description, in one file: safetensors, which holds numbers and text and no code.

The description is one JSON object under the key "rlsandbox" of the file's metadata.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.disk import read_capped, write_atomically
from rlsandbox.worlds.errors import SandboxError, check

KEY = "rlsandbox"
_MOST_HEADER = 64 * 2**20
_DTYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "U64": np.uint64, "BOOL": np.bool_}


def save_tensors(
    path: str | os.PathLike[str], arrays: dict[str, NDArray[Any]], description: dict[str, Any]
) -> None:
    """Write arrays (float64, int64, uint64 or bool) and their description, whole or not at all.

    Raises:
        SandboxError: the file cannot be written.
    """
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_atomically(path, save(contiguous, {KEY: json.dumps(description, allow_nan=False)}))


def load_tensors(
    path: str | os.PathLike[str], kind: str, versions: tuple[int, ...], limit: int
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `save_tensors` wrote; its "format" must be `kind` and its "version" a known one.

    Raises:
        SandboxError: the file is missing, larger than `limit` bytes, malformed, or of another kind.
    """
    from safetensors import SafetensorError, deserialize

    place = os.fspath(path)
    data = read_capped(path, limit)
    header = int.from_bytes(data[:8], "little")
    check(
        len(data) > 8 and header <= min(_MOST_HEADER, len(data) - 8), "this is no file of the sandbox.", place
    )
    try:
        found = deserialize(data)
        metadata = json.loads(data[8 : 8 + header]).get("__metadata__", {})
        description = json.loads(metadata.get(KEY, "null"))
    except (SafetensorError, ValueError, RecursionError):
        raise SandboxError("this is no file of the sandbox, or it is damaged.", place) from None
    check(
        isinstance(description, dict) and description.get("format") == kind,
        f'the file does not say that it is a "{kind}".',
        place,
    )
    version = description.get("version")
    check(
        type(version) is int and version in versions,
        f"version {str(version)[:20]} of the format is unknown; known is {', '.join(map(str, versions))}.",
        place,
    )
    return {name: _array(name, tensor, place) for name, tensor in found}, description


def _array(name: str, tensor: dict[str, Any], place: str) -> NDArray[Any]:
    dtype = _DTYPES.get(tensor["dtype"])
    if dtype is None:
        raise SandboxError(
            f"{name[:40]!r} holds numbers of kind {tensor['dtype']}, which are never written.", place
        )
    if dtype is np.bool_:  # any byte may stand in the file
        return (np.frombuffer(tensor["data"], np.uint8) != 0).reshape(tensor["shape"])
    return np.frombuffer(tensor["data"], dtype).reshape(tensor["shape"]).copy()
