"""Categories: a tree of each kind, names that differ beside each other, and what may be sorted where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from app.domain.catalogue import Category, CategoryCycle, CategoryKind, CategoryOfOtherKind, check_sorted
from app.domain.shared.errors import DomainError, Required, Taken, UnknownReference

pytestmark = pytest.mark.fast

PRODUCT, CUSTOMER = CategoryKind.PRODUCT, CategoryKind.CUSTOMER


def category(id_: int, parent: int | None = None, kind: CategoryKind = PRODUCT, name: str = "") -> Category:
    return Category(id=id_, kind=kind, name=name or f"C{id_}", parent_id=parent)


def tree(*all_: Category) -> Mapping[int, Category]:
    return {one.id: one for one in all_}


TREE: Final = tree(category(1), category(2, 1), category(3, 2), category(4), category(5, kind=CUSTOMER))


@pytest.mark.parametrize("name", ["", " ", "\n\t"])
def test_a_category_has_a_name(name: str) -> None:
    with pytest.raises(Required) as refused:
        Category(kind=PRODUCT, name=name)
    assert refused.value.at == ("name",)


@pytest.mark.parametrize("parent", [None, 1, 2, 3, 4])
def test_a_new_category_stands_anywhere(parent: int | None) -> None:
    """New ones have no id yet, which must not be taken for one that stands above."""
    category(0, parent).grows_on(TREE)


@pytest.mark.parametrize("parent", [None, 1, 4])
def test_a_category_moves_with_what_is_below_it(parent: int | None) -> None:
    category(2, parent).grows_on(TREE)


@pytest.mark.parametrize(("moved", "below"), [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (4, 4)])
def test_a_category_never_comes_below_itself(moved: int, below: int) -> None:
    """ERP-07: itself, its child, its grandchild."""
    with pytest.raises(CategoryCycle) as refused:
        category(moved, below).grows_on(TREE)
    assert (refused.value.at, refused.value.facts) == (("parent_id",), {"value": below})


def test_a_ring_that_is_there_already_is_an_error_and_no_endless_walk() -> None:
    with pytest.raises(CategoryCycle):
        category(9, 7).grows_on(tree(category(7, 8), category(8, 7), category(9)))


@pytest.mark.parametrize(
    ("one", "error"),
    [
        (category(0, 99), UnknownReference),
        (category(0, 5), CategoryOfOtherKind),
        (category(0, 1, CUSTOMER), CategoryOfOtherKind),
        (category(5, 3, CUSTOMER), CategoryOfOtherKind),
    ],
    ids=repr,
)
def test_a_parent_is_there_and_of_the_same_kind(one: Category, error: type[DomainError]) -> None:
    with pytest.raises(error) as refused:
        one.grows_on(TREE)
    assert (refused.value.at, refused.value.facts["value"]) == (("parent_id",), one.parent_id)


@pytest.mark.parametrize(
    "twin",
    [category(0, name="C1"), category(0, 1, name="C2"), category(4, name="C1"), category(3, 1, name="C2")],
    ids=repr,
)
def test_two_of_one_name_do_not_stand_side_by_side(twin: Category) -> None:
    """ERP-07: nor at the top, where the database's own constraint sees no two."""
    with pytest.raises(Taken) as refused:
        twin.grows_on(TREE)
    assert (refused.value.at, refused.value.facts) == (("name",), {"value": twin.name})


@pytest.mark.parametrize(
    "one",
    [
        category(0, 4, name="C1"),
        category(0, name="C2"),
        category(0, kind=CUSTOMER, name="C1"),
        category(1, name="C1"),
        category(0, name="c1"),
    ],
    ids=repr,
)
def test_one_name_may_stand_in_two_places_and_kinds(one: Category) -> None:
    one.grows_on(TREE)


# --- sorting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "ids", "error", "index"),
    [
        (PRODUCT, (1, 99), UnknownReference, 1),
        (PRODUCT, (5,), CategoryOfOtherKind, 0),
        (CUSTOMER, (5, 5, 3), CategoryOfOtherKind, 2),
    ],
)
def test_things_are_sorted_into_categories_of_their_kind(
    kind: CategoryKind, ids: tuple[int, ...], error: type[DomainError], index: int
) -> None:
    with pytest.raises(error) as refused:
        check_sorted(kind, ids, TREE)
    assert (refused.value.at, refused.value.facts["value"]) == ((index,), ids[index])


def test_a_thing_may_stand_in_several_categories_and_in_none() -> None:
    check_sorted(PRODUCT, (1, 3, 4), TREE)
    check_sorted(CUSTOMER, (), {})
