"""The one error type that a user is meant to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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


@contextmanager
def within_memory() -> Iterator[None]:
    """What does not fit into memory, of the processor or of a device, is a sentence.

    Raises:
        SandboxError: there is not enough.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has no class of its own for the processor's memory
        words = str(error).lower()
        if isinstance(error, MemoryError) or "out of memory" in words or "allocate memory" in words:
            raise SandboxError(
                "there is not enough memory for this run: choose fewer seeds, smaller networks or batches, "
                "or a smaller replay memory."
            ) from error
        raise
