"""JSON that may come from anywhere: read strictly, with a place for every fault, and written line by line."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rlsandbox.worlds.errors import SandboxError, check

MOST_VALUES = 800_000
"""More commas and brackets than any world that is saved has."""
_MOST_KEYS = 64
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

_File = TypeVar("_File", bound=BaseModel)


def written(fields: dict[str, str]) -> str:
    """One object from the texts of its fields."""
    return "{\n" + ",\n".join(f'  "{name}": {text}' for name, text in fields.items()) + "\n}\n"


def block(brackets: str, lines: list[str]) -> str:
    """A list or object with a line for each of its members."""
    if not lines:
        return brackets
    return brackets[0] + "\n    " + ",\n    ".join(lines) + "\n  " + brackets[1]


def validated(kind: type[_File], text: str) -> _File:
    """The text as what a file may hold.

    Raises:
        SandboxError: it is something else; the place is the field.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise _sentence(error) from None


def parsed(text: str) -> Any:
    """The JSON value, with a place for what is no JSON and no duplicate keys."""
    values = sum(text.count(mark) for mark in ",[{")
    check(values <= MOST_VALUES, f"the file holds over {MOST_VALUES:,} values; no world needs so many.")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise SandboxError(
            f"this is no complete JSON: {error.msg[:1].lower()}{error.msg[1:]}.",
            f"line {error.lineno}, column {error.colno}",
        ) from None
    except RecursionError:
        raise SandboxError("the file is nested too deeply to be a world.", _deepest(text)) from None
    except SandboxError:
        raise
    except ValueError:  # Python refuses to read whole numbers of over 4,300 digits
        raise SandboxError("a number has too many digits.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    check(len(pairs) <= _MOST_KEYS, f"an object holds over {_MOST_KEYS} keys; none in a world has so many.")
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SandboxError("this key stands twice in one object.", f"key {twice[:40]!r}")
    return found


def _no_constant(name: str) -> Any:
    raise SandboxError(f"{name} is no number: write a finite one.", f"value {name}")


def _deepest(text: str) -> str:
    """Line and column at which brackets are first nested a hundred deep."""
    depth = 0
    for k, character in enumerate(text):
        depth += (character in "[{") - (character in "]}")
        if depth == 100:
            return f"line {text.count(chr(10), 0, k) + 1}, column {k - text.rfind(chr(10), 0, k)}"
    return "line 1"


def _sentence(error: ValidationError) -> SandboxError:
    """The first thing that pydantic found, as our error."""
    first = error.errors(include_url=False, include_input=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, SandboxError):
        return SandboxError(cause.message, cause.place)
    place = ""
    for part in first["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f"{'.' if place else ''}{part[:40]}"
    message = first["msg"][:200]
    sentence = _SENTENCES.get(first["type"], f"{message[:1].lower()}{message[1:]}.")
    return SandboxError(sentence, place or None)


_SENTENCES = {
    "missing": "this field is missing: add it.",
    "extra_forbidden": "this field is unknown: remove it.",
    "unexpected_keyword_argument": "this rule is unknown: remove it.",
    "string_type": "write a text in quotes.",
    "float_type": "write a number.",
    "int_type": "write a whole number.",
    "int_from_float": "write a whole number.",
    "bool_type": "write true or false.",
    "list_type": "write a list in [ ].",
    "tuple_type": "write a list in [ ].",
    "model_type": "write an object in { }.",
    "model_attributes_type": "write an object in { }.",
    "dataclass_type": "write an object in { }.",
    "finite_number": "write a finite number.",
}
"""What to do about the commonest things that pydantic finds."""
