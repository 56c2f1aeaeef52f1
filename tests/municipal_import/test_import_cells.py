"""Cells as numbers: Norwegian and English, and Statistics Norway's signs."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.municipal_import.cells import NotANumberError, decimal_sign, number, plain


@pytest.mark.parametrize(
    ("cell", "decimal", "expected"),
    [
        ("1 234", None, "1234"),
        ("1\N{NO-BREAK SPACE}234,50", ",", "1234.50"),
        ("1\N{THIN SPACE}234\N{NARROW NO-BREAK SPACE}567", None, "1234567"),
        ("1.234,50", ",", "1234.50"),
        ("1,234.50", ".", "1234.50"),
        ("1.234.567", None, "1234567"),
        ("1'234", None, "1234"),
        ("1.234", None, "1234"),
        ("1.234", ".", "1.234"),
        ("1,234", ",", "1.234"),
        ("kr 1 234,-", None, "1234"),
        ("1234 NOK", None, "1234"),
        ("12,0", ",", "12.0"),
        ("-", None, "0"),
        ("1\N{ZERO WIDTH SPACE}234", None, "1234"),
        (134258.616, None, "134258.616"),
        (225, None, "225"),
    ],
)
def test_numbers(cell: str | float, decimal: str | None, expected: str) -> None:
    assert number(cell, decimal).number == Decimal(expected)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        # Statistics Norway, "Standardtegn i tabeller"
        (".", "cannot occur"),
        ("..", "missing"),
        ("...", "not yet available"),
        (":", "confidential"),
        ("", "empty"),
        (" ", "empty"),
        ("NA", "empty"),
        (float("nan"), "empty"),
    ],
)
def test_signs_leave_the_value_unknown_and_say_why(cell: str | float, reason: str) -> None:
    value = number(cell, None)
    assert value.number is None
    assert value.reason == reason


@pytest.mark.parametrize(
    "cell",
    ["12 %", "-5", "–", "abc", "1e5", "1 23", "12*", "(12)", "=A1+1", "٣", "1,2,3", float("inf"),
     "9" * 30, "<b>5</b>", "1.2.3,4,5"],
)  # fmt: skip
def test_what_is_no_number_is_refused(cell: str | float) -> None:
    with pytest.raises(NotANumberError):
        number(cell, None)


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["1,5", "3"], ","),
        (["1.5"], "."),
        (["1.234"], None),
        (["1.234", "1.234.567"], ","),
        (["1,234.5"], "."),
        (["0,123"], ","),
        (["1234.567"], "."),
        ([1.5, "..", ""], None),
    ],
)
def test_the_decimal_sign_is_told_by_the_column(cells: list[str], sign: str | None) -> None:
    assert decimal_sign(cells) == sign


def test_two_decimal_signs_in_a_column_are_refused() -> None:
    with pytest.raises(NotANumberError, match="decimal point"):
        decimal_sign(["1,5", "1.5"])


@given(
    st.integers(0, 10**12),
    st.integers(0, 99),
    st.sampled_from([" ", "\N{NO-BREAK SPACE}", "\N{THIN SPACE}", ".", ""]),
)
def test_a_written_number_is_read_back(whole: int, cents: int, blank: str) -> None:
    written = f"{whole:,}".replace(",", blank) + f",{cents:02d}"
    sign = decimal_sign([written])
    assert sign == ","
    assert number(written, sign).number == Decimal(whole) + Decimal(cents) / 100


@given(st.text(max_size=30))
def test_any_text_is_a_value_or_is_refused(text: str) -> None:
    try:
        value = number(text, None)
    except NotANumberError as refused:
        assert "\n" not in str(refused)
    else:
        assert (value.number is None) == bool(value.reason)
        assert value.number is None or value.number >= 0
        assert plain(text).isprintable()
        assert plain(plain(text)) == plain(text)
