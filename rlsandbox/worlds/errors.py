"""The one error type that a user is meant to read."""

from __future__ import annotations


class SandboxError(ValueError):
    """Something the user can mend. Its message is one sentence that says what to do.

    Args:
        message: the sentence, shown as it is by the studio and the command line.
        place: where the trouble is (a file's path, line or field), if there is such a place.
    """

    def __init__(self, message: str, place: str | None = None) -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.message = message
        self.place = place


def check(holds: bool, sentence: str, place: str | None = None) -> None:
    """Raise a `SandboxError` with the sentence and place unless the condition holds."""
    if not holds:
        raise SandboxError(sentence, place)
