"""What a verb gives back, and how it is printed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rlsandbox.worlds.errors import SandboxError


class UsageError(SandboxError):
    """The command itself is wrong: exit status 2."""


@dataclass(frozen=True)
class Answer:
    """What a verb has found.

    Attributes:
        data: printed as one JSON object with `--json`.
        text: printed otherwise; may be empty.
        status: exit status.
    """

    data: dict[str, Any]
    text: str = ""
    status: int = 0


def as_json(data: dict[str, Any]) -> str:
    """One JSON object on one line; NaN and infinity, which JSON lacks, become null."""
    return json.dumps(_plain(data), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as aligned columns; the last column is as long as it likes."""
    rows = [[*row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)] if rows else []
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def number(value: float | str | None) -> str:
    """A figure for people."""
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else f"{value:,.6g}"


def mean(values: Sequence[float | None]) -> float | None:
    """Mean of the known values."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
