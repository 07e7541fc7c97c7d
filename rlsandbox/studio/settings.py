"""What the studio remembers between two starts."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSettings

_MOST_RECENT = 10


def settings() -> QSettings:
    """The settings of this user."""
    return QSettings()


def recent_files() -> list[str]:
    """Files opened or saved lately, newest first."""
    value: Any = settings().value("recent", [])
    return [value] if isinstance(value, str) else [str(path) for path in value or []]


def remember_file(path: str) -> None:
    """Put a file at the head of the recent ones."""
    others = [known for known in recent_files() if known != path]
    settings().setValue("recent", [path, *others][:_MOST_RECENT])
