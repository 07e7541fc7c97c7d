"""How numbers lie on sliders and are written in fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsandbox.studio.controls.scale import Scale


def test_a_linear_scale_is_even():
    scale = Scale(0.0, 1.0)
    assert scale.position(0.5) == scale.stops // 2
    assert scale.value(250) == 0.25
    assert scale.value(0) == 0.0
    assert scale.value(scale.stops) == 1.0


def test_a_logarithmic_scale_has_the_geometric_mean_in_the_middle():
    scale = Scale(1e-4, 1.0, log=True)
    assert scale.value(500) == pytest.approx(1e-2)
    assert scale.position(1e-2) == 500


def test_a_logarithmic_scale_from_nought_reaches_nought_at_its_left_end():
    scale = Scale(0.0, 1.0, log=True)
    assert scale.value(0) == 0.0
    assert scale.position(0.0) == 0
    assert scale.value(500) == pytest.approx(1e-3)


def test_few_whole_numbers_have_a_stop_each():
    scale = Scale(1, 6, integer=True)
    assert [scale.value(k) for k in range(scale.stops + 1)] == [1, 2, 3, 4, 5, 6]
    assert all(isinstance(scale.value(k), int) for k in range(6))


def test_choices_are_the_stops():
    scale = Scale(1, 1024, integer=True, choices=(32, 64, 128))
    assert scale.stops == 2
    assert [scale.value(k) for k in range(3)] == [32, 64, 128]
    assert scale.position(100) == 2


@given(
    low=st.floats(-1e6, 1e6),
    width=st.floats(1e-3, 1e6),
    share=st.integers(0, 1000),
    log=st.booleans(),
    integer=st.booleans(),
)
def test_whatever_is_dragged_lies_between_the_bounds(low, width, share, log, integer):
    low = abs(low) if log else low
    low, high = (round(low), round(low) + round(width) + 2) if integer else (low, low + width)
    scale = Scale(low, high, log=log, integer=integer)
    value = scale.value(min(share, scale.stops))
    assert low <= value <= high
    assert isinstance(value, int) == integer


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.5", 0.5), (" 1e-3 ", 1e-3), ("0,25", 0.25), ("50 %", 0.5), ("\u22121", -1.0), (".5", 0.5)],
)
def test_numbers_are_read_as_people_write_them(text, number):
    assert Scale(None, None).parse(text) == number


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "nan", "inf", "1e999", "0x10", "--1"])
def test_what_is_no_number_is_none(text):
    assert Scale(None, None).parse(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [("1e6", 10**6), ("1,000,000", 10**6), ("1 000", 1000), ("2.0", 2), ("1.5", None)]
)
def test_whole_numbers_only(text, number):
    assert Scale(1, None, integer=True).parse(text) == number


def test_whole_numbers_are_exact_however_long():
    assert Scale(1, None, integer=True).parse("9007199254740993") == 9007199254740993


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_text_is_exact(value):
    scale = Scale(None, None)
    assert scale.parse(scale.text(value)) == value


def test_text_is_short():
    scale = Scale(0.0, 1.0)
    assert [scale.text(x) for x in (1.0, 0.1, 3e-4, 1e-5, 1.5e-7)] == [
        "1.0",
        "0.1",
        "0.0003",
        "1e-5",
        "1.5e-7",
    ]
    assert scale.text(0.123456789, digits=4) == "0.1235"
    assert Scale(1, None, integer=True).text(1234567, digits=4) == "1,234,567"
