"""Text and numbers in programs that are exported."""

from __future__ import annotations

import base64
import zlib


def packed(data: bytes) -> str:
    """Bytes as the lines of a string between brackets, compressed."""
    text = base64.b85encode(zlib.compress(data, 9)).decode()
    lines = [text[begin : begin + 100] for begin in range(0, len(text), 100)]
    return "\n".join(f'    "{line}"' for line in lines)


def plain(text: str) -> str:
    """Text that cannot end the docstring in which it stands."""
    return text.encode("ascii", "replace").decode().replace("\\", "/").replace('"', "'")
