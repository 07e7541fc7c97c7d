"""How a number lies on a slider and in a field: bounds, rounding, text. It knows no Qt."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

STOPS = 1000
"""Positions of a slider without a step of its own."""

_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+")

Number = int | float


@dataclass(frozen=True)
class Scale:
    """The range of one number.

    Attributes:
        low: smallest value, or None for no bound.
        high: largest value, or None for no bound (then there is no slider).
        log: equal distances on the slider are equal ratios; a low bound of 0 becomes the leftmost stop.
        integer: whole numbers only.
        choices: values that the slider stops at; a field still takes any value between the bounds.
    """

    low: Number | None
    high: Number | None
    log: bool = False
    integer: bool = False
    choices: Sequence[Number] | None = None

    @property
    def bounded(self) -> bool:
        """Whether both ends are known, so that a slider makes sense."""
        return self.low is not None and self.high is not None and self.low < self.high

    @property
    def stops(self) -> int:
        """Largest slider position; the smallest is 0."""
        if self.choices:
            return len(self.choices) - 1
        if self.integer and not self.log and self.bounded:
            return min(STOPS, int(self._high - self._low))
        return STOPS

    @property
    def _low(self) -> float:
        return float(self.low if self.low is not None else 0.0)

    @property
    def _high(self) -> float:
        return float(self.high if self.high is not None else 0.0)

    @property
    def _log_low(self) -> float:
        # Six decades below the top is where a logarithmic slider begins when its bound is 0, or as good as 0.
        if self._low > self._high * 1e-12:
            return self._low
        return 1.0 if self.integer else self._high * 1e-6

    def position(self, value: Number) -> int:
        """Slider position, 0 to `stops`, that is nearest to a value."""
        if choices := self.choices:
            return min(range(len(choices)), key=lambda k: abs(choices[k] - value))
        if self.log:
            if value < self._log_low:
                return 0
            share = math.log(value / self._log_low) / math.log(self._high / self._log_low)
        else:
            share = (value - self._low) / (self._high - self._low)
        return round(min(max(share, 0.0), 1.0) * self.stops)

    def value(self, position: int) -> Number:
        """A round value at a slider position; the ends are exact."""
        if self.choices:
            return self.choices[position]
        if position <= 0:
            return self._typed(self._low)
        if position >= self.stops:
            return self._typed(self._high)
        share = position / self.stops
        if self.log:
            raw = self._log_low * (self._high / self._log_low) ** share
            step = 10.0 ** (math.floor(math.log10(raw)) - 1)
        else:
            raw = self._low + share * (self._high - self._low)
            step = 10.0 ** math.floor(math.log10((self._high - self._low) / 50))
        if self.integer:
            step = max(1.0, step)
        rounded = round(round(raw / step) * step, 12)
        return self._typed(min(max(rounded, self._low), self._high))

    def clamp(self, value: Number) -> Number:
        """The value itself, unchanged, when it lies between the bounds; else the bound that it crossed."""
        if self.low is not None and value < self.low:
            return self._typed(self.low)
        if self.high is not None and value > self.high:
            return self._typed(self.high)
        return value

    def parse(self, text: str) -> Number | None:
        """The number that a text means, bounds aside; None when it means none.

        A decimal comma, digit groups (spaces, underscores), `1e-3` and a percent sign are understood.
        """
        plain = text.strip().replace("\u2212", "-").replace("\u2009", "").replace(" ", "").replace("_", "")
        percent = plain.endswith("%")
        plain = plain.removesuffix("%")
        if self.integer and _GROUPED.fullmatch(plain):
            plain = plain.replace(",", "")
        elif plain.count(",") == 1 and "." not in plain:
            plain = plain.replace(",", ".")
        try:
            number = float(plain)
        except ValueError:
            return None
        if not math.isfinite(number):
            return None
        if percent:
            number /= 100
        if not self.integer:
            return number
        if number != int(number):
            return None
        return int(plain) if plain.lstrip("+-").isdigit() and not percent else int(number)

    def step(self, value: Number, count: int) -> Number:
        """The value `count` small steps further, for arrow keys in a field."""
        if self.bounded:
            moved = self.value(
                min(max(self.position(value) + count * max(1, self.stops // 100), 0), self.stops)
            )
            if moved != value:
                return moved
        size = 1 if self.integer else 10.0 ** (math.floor(math.log10(abs(value) or 1.0)) - 1)
        return self.clamp(self._typed(round(value + count * size, 12)))

    def text(self, value: Number, decimals: int | None = None, digits: int | None = None) -> str:
        """A value as text: exact by default, to `decimals` places, or to `digits` significant figures.

        Whole numbers are exact in any case, in groups of three when `digits` are asked for.
        """
        if isinstance(value, int) or self.integer:
            return str(int(value)) if digits is None else f"{int(value):,}"
        if decimals is not None:
            return f"{value:.{decimals}f}"
        exact = repr(float(value)) if digits is None else f"{value:.{digits}g}"
        mantissa, _, exponent = exact.partition("e")
        if exponent:
            return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
        return mantissa if "." in mantissa or "n" in mantissa else f"{mantissa}.0"

    def bounds_text(self) -> tuple[str, str]:
        """Both bounds as short text, empty where there is none."""
        low = "" if self.low is None else self.text(self.low, digits=6)
        high = "" if self.high is None else self.text(self.high, digits=6)
        return low, high

    def _typed(self, value: Number) -> Number:
        return round(value) if self.integer else float(value)
