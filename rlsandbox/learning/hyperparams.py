"""Hyperparameters, declared once: form, flags, docs and validation derive from the declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rlsandbox.worlds.errors import SandboxError


def hp(
    default: Any,
    *,
    doc: str,
    label: str = "",
    symbol: str = "",
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    log: bool = False,
    live: bool = False,
    unit: str = "",
    only_if: tuple[str, str] | None = None,
    advanced: bool = False,
) -> Any:
    """Declare one hyperparameter of a `Config`.

    Args:
        default: its value unless told otherwise.
        doc: one line, shown as tooltip and in the command line's help.
        label: its name for people ("Step size"); made from the field's name where it is left out.
        symbol: the field's letter for it ("α").
        gt: lower bound, excluded.
        ge: lower bound.
        lt: upper bound, excluded.
        le: upper bound.
        log: whether a slider makes sense on a logarithmic scale.
        live: whether it may change while a run goes on.
        unit: unit, if it has one ("episodes").
        only_if: (other field, value): shown only while the other field has that value, one of several
            ("a|b"), or with "!value" another one.
        advanced: whether a form may keep it folded away.
    """
    extra = {
        "label": label,
        "symbol": symbol,
        "log": log,
        "live": live,
        "unit": unit,
        "only_if": list(only_if) if only_if else None,
        "advanced": advanced,
    }
    finite = False if isinstance(default, float) else None  # a text has no finiteness to check
    return Field(
        default, description=doc, gt=gt, ge=ge, lt=lt, le=le, json_schema_extra=extra, allow_inf_nan=finite
    )


@dataclass(frozen=True)
class Hyperparameter:
    """What a form, a flag or a table needs to know of one hyperparameter.

    Attributes:
        name: the field's name ("alpha").
        kind: "float", "int", "bool" or "choice".
        default: default value.
        doc: one line.
        label: its name for people, symbol included ("Step size α").
        symbol: the field's letter for it, or "".
        low, high: bounds, None where there is none.
        low_open, high_open: whether the bound itself is excluded.
        choices: what a "choice" may be.
        log, live, unit, only_if, advanced: as given to `hp`.
        optional: whether it may be None.
    """

    name: str
    kind: str
    default: Any
    doc: str
    label: str
    symbol: str
    low: float | None
    high: float | None
    low_open: bool
    high_open: bool
    choices: tuple[str, ...]
    log: bool
    live: bool
    unit: str
    only_if: tuple[str, str] | None
    optional: bool = False
    advanced: bool = False

    def counts(self, other: str) -> bool:
        """Whether it matters while the field that it depends on has this value."""
        if self.only_if is None:
            return True
        _, wanted = self.only_if
        return other != wanted[1:] if wanted.startswith("!") else other in wanted.split("|")


class AgentConfig(BaseModel):
    """Base of every algorithm's `Config`: frozen, strict about names, with a sentence for every mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def make(cls, values: dict[str, Any]) -> Self:
        """Validate values (texts as well, as the command line gives them).

        Raises:
            SandboxError: names the hyperparameter and what it may be.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "hyperparameters"
            if first["type"] == "extra_forbidden":
                known = ", ".join(cls.model_fields)
                raise SandboxError(f"there is no hyperparameter {name!r}; there are {known}.") from None
            sentence = first["msg"].removeprefix("Value error, ").rstrip(".")
            raise SandboxError(f"{sentence} (given: {first['input']!r}).", name) from None

    def with_values(self, **changes: Any) -> Self:
        """A validated copy with some values changed.

        Raises:
            SandboxError: as `make`.
        """
        return self.make({**self.model_dump(), **changes})

    @classmethod
    def counting(cls, values: Mapping[str, Any]) -> tuple[Hyperparameter, ...]:
        """Those hyperparameters that matter while all of them have the given values."""
        fields = {field.name: field for field in cls.describe()}

        def counts(field: Hyperparameter) -> bool:
            if field.only_if is None:
                return True
            other = field.only_if[0]
            return field.counts(str(values[other])) and counts(fields[other])

        return tuple(field for field in fields.values() if counts(field))

    @classmethod
    def describe(cls) -> tuple[Hyperparameter, ...]:
        """Every hyperparameter in the order of declaration."""
        rows = []
        for name, info in cls.model_fields.items():
            extra: dict[str, Any] = dict(info.json_schema_extra or {})  # type: ignore[arg-type]
            annotation: Any = info.annotation
            options = [a for a in get_args(annotation) if a is not type(None)]
            optional = type(None) in get_args(annotation)
            if optional and len(options) == 1:
                annotation = options[0]
            choices = get_args(annotation) if get_origin(annotation) is Literal else ()
            bounds: dict[str, float] = {}
            for constraint in info.metadata:
                for bound in ("gt", "ge", "lt", "le"):
                    if getattr(constraint, bound, None) is not None:
                        bounds[bound] = getattr(constraint, bound)
            label = extra.get("label") or name.replace("_", " ").capitalize()
            symbol = extra.get("symbol", "")
            rows.append(
                Hyperparameter(
                    name=name,
                    kind="choice" if choices else annotation.__name__,
                    default=info.default,
                    doc=info.description or "",
                    label=f"{label} {symbol}" if symbol else label,
                    symbol=symbol,
                    low=bounds.get("gt", bounds.get("ge")),
                    high=bounds.get("lt", bounds.get("le")),
                    low_open="gt" in bounds,
                    high_open="lt" in bounds,
                    choices=tuple(choices),
                    log=extra.get("log", False),
                    live=extra.get("live", False),
                    unit=extra.get("unit", ""),
                    only_if=tuple(extra["only_if"]) if extra.get("only_if") else None,
                    optional=optional,
                    advanced=extra.get("advanced", False),
                )
            )
        return tuple(rows)
