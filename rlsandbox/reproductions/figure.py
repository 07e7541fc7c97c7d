"""A figure made anew: its panels, and its numbers beside the published ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rlsandbox.studio.plots.panel import Panel, Table

BOOK = "Sutton & Barto, Reinforcement Learning, 2nd ed."


@dataclass(frozen=True)
class Compared:
    """A number beside the one that was published.

    Attributes:
        what: what it is.
        here: what came out.
        published: what the source says; None where it only says how numbers are ordered.
        within: how far they may lie apart.
        read_off: whether the published number was read off a drawing.
        holds: of an ordering, whether it holds here.
    """

    what: str
    here: float
    published: float | None
    within: float = 0.0
    read_off: bool = False
    holds: bool | None = None

    @property
    def agrees(self) -> bool:
        """Whether it is what was published, within what is stated."""
        if self.published is None:
            return bool(self.holds)
        return bool(abs(self.here - self.published) <= self.within)

    @property
    def verdict(self) -> str:
        """The comparison in words."""
        if self.published is None:
            return "as published" if self.agrees else "NOT as published"
        text = f"within {self.within:g}" if self.agrees else f"NOT within {self.within:g}"
        return f"{text}, read off the drawing" if self.read_off else text

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return {
            "what": self.what,
            "here": float(self.here),
            "published": self.published,
            "within": float(self.within),
            "read_off": self.read_off,
            "agrees": self.agrees,
        }


def ordered(what: str, here: float, holds: bool) -> Compared:
    """A number of which the source says no more than where it stands among others."""
    return Compared(what, float(here), None, holds=bool(holds))


@dataclass(frozen=True)
class Figure:
    """A figure made anew.

    Attributes:
        title: its heading.
        source: where it was published: book, number, page.
        panels: what it shows.
        compared: its numbers beside the published ones.
        runs: how many independent runs it averages.
        notes: what differs from the source, in sentences.
        seconds: wall time; filled in by the runner.
    """

    title: str
    source: str
    panels: tuple[Panel | Table, ...]
    compared: tuple[Compared, ...]
    runs: int
    notes: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return {
            "title": self.title,
            "source": self.source,
            "runs": self.runs,
            "notes": self.notes,
            "seconds": self.seconds,
            "compared": [row.to_dict() for row in self.compared],
            "panels": [panel.to_dict() for panel in self.panels],
        }
