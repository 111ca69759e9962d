"""Any mask and any chain: references can be read back, and whatever is done to a chain is found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shared.numbering import (
    GENESIS,
    DateBeforeLast,
    Mask,
    Number,
    Reset,
    Series,
    canonical,
    link,
)
from tests.support.chains import broken_link

pytestmark = pytest.mark.fast

KEY = bytes(range(32))
TEXTS = st.text("ABC-/ é", max_size=4)
DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))
COUNTERS = st.builds(lambda width, offset: (width, offset), st.integers(1, 12), st.none() | st.integers(0, 10**9 - 1))


@st.composite
def masks(draw: st.DrawFn) -> tuple[Mask, re.Pattern[str], int]:
    """Give a mask, the pattern that reads its references, and its offset."""
    width, offset = draw(COUNTERS)
    counter = "{" + "0" * width + ("" if offset is None else f"+{offset}") + "}"
    tokens = draw(st.permutations([counter, "{yyyy}", "{mm}"]))
    texts = [draw(TEXTS) for _ in range(4)]
    read = {"{yyyy}": "(?P<year>[0-9]{4})", "{mm}": "(?P<month>[0-9]{2})", counter: f"(?P<n>[0-9]{{{width},}})"}
    pattern = texts[0] + "".join(token + text for token, text in zip(tokens, texts[1:], strict=True))
    reader = re.escape(texts[0]) + "".join(
        read[token] + re.escape(text) for token, text in zip(tokens, texts[1:], strict=True)
    )
    return Mask(pattern, draw(st.sampled_from(Reset))), re.compile(reader), offset or 0


@given(masks(), DATES, st.integers(1, 10**6))
def test_a_reference_reads_back_to_its_number_and_period(
    made: tuple[Mask, re.Pattern[str], int], on: date, number: int
) -> None:
    mask, reader, offset = made
    found = reader.fullmatch(mask.format(on, number))
    assert found is not None
    assert int(found["n"]) - offset == number
    assert (int(found["year"]), int(found["month"])) == (on.year, on.month)


@given(masks(), st.lists(DATES, min_size=2, max_size=20))
def test_no_two_numbers_of_all_periods_write_the_same_reference(
    made: tuple[Mask, re.Pattern[str], int], dates: list[date]
) -> None:
    mask = made[0]
    periods: dict[str, Series] = {}
    references = []
    for on in sorted(dates):
        period = mask.period(on)
        series = periods.setdefault(period, Series(kind="invoice", period=period))
        references.append(series.take(on, mask).ref)
    assert len(set(references)) == len(dates)
    assert sum(series.next - 1 for series in periods.values()) == len(dates)


@given(st.lists(DATES, max_size=20))
def test_numbers_follow_the_dates_whatever_is_asked(dates: list[date]) -> None:
    series, mask = Series(kind="invoice", period=""), Mask("{0000}")
    taken: list[Number] = []
    for on in dates:
        if taken and on < taken[-1].date:
            with pytest.raises(DateBeforeLast):
                series.take(on, mask)
        else:
            taken.append(series.take(on, mask))
    assert [number.number for number in taken] == list(range(1, len(taken) + 1))
    assert [number.date for number in taken] == sorted(number.date for number in taken)


Sealed = tuple[Mapping[str, object], str]
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | DATES | st.decimals(-99, 99, places=4)
CONTENTS = st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), min_size=1, max_size=6)


def seal(contents: Sequence[Mapping[str, object]]) -> list[Sealed]:
    """Link numbered contents one after the other, as documents of a series are."""
    previous = GENESIS
    chain: list[Sealed] = []
    for number, content in enumerate(contents):
        numbered = {**content, "number": number}
        previous = link(KEY, previous, numbered)
        chain.append((numbered, previous))
    return chain


@given(CONTENTS)
def test_an_untouched_chain_is_sound(contents: list[dict[str, object]]) -> None:
    assert broken_link(KEY, seal(contents)) is None


@given(CONTENTS, st.data())
def test_a_changed_row_is_found_where_it_stands(contents: list[dict[str, object]], data: st.DataObject) -> None:
    chain = seal(contents)
    position = data.draw(st.integers(0, len(chain) - 1))
    content, stored = chain[position]
    chain[position] = ({**content, "changed": True}, stored)
    assert broken_link(KEY, chain) == position


@given(CONTENTS, st.data())
def test_a_changed_link_is_found_where_it_stands(contents: list[dict[str, object]], data: st.DataObject) -> None:
    chain = seal(contents)
    position, digit = data.draw(st.integers(0, len(chain) - 1)), data.draw(st.integers(0, 63))
    content, stored = chain[position]
    other = "0" if stored[digit] != "0" else "1"
    chain[position] = (content, stored[:digit] + other + stored[digit + 1 :])
    assert broken_link(KEY, chain) == position


@given(CONTENTS, st.data())
def test_a_removed_row_is_found_where_it_is_missing(contents: list[dict[str, object]], data: st.DataObject) -> None:
    """At the end the walk cannot see it, so the last link is compared with the head of the series."""
    chain = seal(contents)
    head = chain[-1][1]
    position = data.draw(st.integers(0, len(chain) - 1))
    del chain[position]
    if position < len(chain):
        assert broken_link(KEY, chain) == position
    else:
        assert broken_link(KEY, chain) is None
        assert (chain[-1][1] if chain else GENESIS) != head


@given(CONTENTS, st.data())
def test_an_inserted_row_is_found_where_it_stands(contents: list[dict[str, object]], data: st.DataObject) -> None:
    """A copy of a row that is there, its own sound link with it."""
    sound = seal(contents)
    copied = data.draw(st.integers(0, len(sound) - 1))
    position = data.draw(st.integers(0, len(sound)))
    chain = [*sound[:position], sound[copied], *sound[position:]]
    # A row put before itself stands where it did; the second of the two is the stranger.
    assert broken_link(KEY, chain) == (position + 1 if position == copied else position)


@given(CONTENTS.filter(lambda contents: len(contents) > 1), st.data())
def test_swapped_rows_are_found_at_the_first(contents: list[dict[str, object]], data: st.DataObject) -> None:
    chain = seal(contents)
    low, high = sorted(data.draw(st.lists(st.integers(0, len(chain) - 1), min_size=2, max_size=2, unique=True)))
    chain[low], chain[high] = chain[high], chain[low]
    assert broken_link(KEY, chain) == low


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=5))
def test_the_canonical_form_knows_no_order_and_no_padding(content: dict[str, object]) -> None:
    padded = {
        name: value.quantize(Decimal("0.00000001")) if isinstance(value, Decimal) else value
        for name, value in reversed(content.items())
    }
    assert canonical(padded) == canonical(content)
