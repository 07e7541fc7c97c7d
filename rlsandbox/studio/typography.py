"""How texts are set."""

from __future__ import annotations


def minus(text: str) -> str:
    """A number with a true minus: as wide as a plus, and no place to break a line.

    What can be typed, copied or exported keeps its hyphen.
    """
    return text.replace("-", "−")
