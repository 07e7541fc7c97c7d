"""A one-slot mailbox between the thread that trains and the thread that draws."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Mailbox(Generic[Request, Answer]):
    """The reader asks and takes the newest answer; the writer answers only when asked. Nothing queues up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._request: Request | None = None
        self._answer: Answer | None = None

    def ask(self, request: Request) -> None:
        """Ask for the next answer; a request that nobody has taken yet is replaced."""
        with self._lock:
            self._request = request

    @property
    def is_asked(self) -> bool:
        """Whether a request waits."""
        return self._request is not None

    def take_request(self) -> Request | None:
        """What the reader wants, once; None if it wants nothing."""
        with self._lock:
            request, self._request = self._request, None
            return request

    def publish(self, answer: Answer) -> None:
        """Put the newest answer into the slot, over an older one."""
        with self._lock:
            self._answer = answer

    def take(self) -> Answer | None:
        """The newest answer, once; None if there is none."""
        with self._lock:
            answer, self._answer = self._answer, None
            return answer
