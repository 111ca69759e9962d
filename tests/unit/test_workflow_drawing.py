"""Machines as Mermaid and as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.builder import END, Machine, branch, task
from app.workflow.drawing import mermaid, svg
from app.workflow.layout import Link, arrange
from tests.support.workflow.orders import order_machine

pytestmark = pytest.mark.fast

MERMAID = """\
stateDiagram-v2
    state "draft" as s0
    state "charge" as s1
    state "large" as s2
    state "both" as s3 {
        state "reserve" as s4
        [*] --> s4
        s4 --> [*] : success
        --
        state "tell" as s5
        [*] --> s5
        s5 --> [*] : success
    }
    state "packed" as s6
    state "done" as s7
    state "refused" as s8
    [*] --> s0
    s0 --> s0 : change
    s0 --> s1 : confirm
    s0 --> s6 : rush #91;is_large#93;
    s1 --> s2 : success
    s1 --> s8 : Declined
    s2 --> s3 : success
    s2 --> s6 : failure
    s3 --> s6 : success
    s6 --> s0 : reopen
    s6 --> s7 : ship
    s7 --> [*]
    s8 --> [*]
"""
HOSTILE = 'a"<b>&\n--\n};[*] --> s0 %% #\u0000\ud800'


def texts(document: str) -> list[str]:
    root = ET.fromstring(document)  # noqa: S314 - drawn a line above
    return [element.text or "" for element in root.iter() if element.tag.endswith(("text", "title"))]


def test_a_machine_is_drawn_as_mermaid_with_branches_inside_their_state() -> None:
    """SM-13: any machine prints."""
    assert mermaid(order_machine()) == MERMAID


def test_a_machine_is_drawn_as_svg_with_every_state_and_transition() -> None:
    found = texts(svg(order_machine()))
    for name, state in order_machine().states.items():
        assert name in found
        for transition in state.transitions:
            assert transition in found or state.kind == "end"
    assert found[0] == "order"
    assert "task: card.charge" in found


def test_the_way_of_an_error_is_dashed() -> None:
    drawn = svg(order_machine())
    assert drawn.count("stroke-dasharray") == 1


def test_names_mean_nothing_to_mermaid_or_xml() -> None:
    machine = (
        Machine(HOSTILE)
        .state(HOSTILE, task(HOSTILE))
        .transition(HOSTILE, END)
        .transition(HOSTILE, END, on=f"{HOSTILE}x")
    )
    built = machine.build()
    lines = mermaid(built).splitlines()
    assert len(lines) == 5
    assert all(line.count('"') in {0, 2} for line in lines)
    shown = HOSTILE.replace("\n", "\ufffd").replace("\u0000", "\ufffd").replace("\ud800", "\ufffd")
    found = texts(svg(built))
    assert found[0] == shown
    assert f"{shown}x" in found
    assert f"task: {shown}" in found


def test_a_state_that_leads_to_itself_and_cycles_are_drawn() -> None:
    machine = Machine("m").state("a").state("b").transition("a", "a", on="x").transition("a", "b", on="y")
    drawn = svg(machine.transition("b", "a", on="z").transition("b", "b", on="w").build())
    assert {"x", "y", "z", "w"} <= set(texts(drawn))


def test_items_and_branches_may_be_nested() -> None:
    inner = branch().parallel("p", branch("x", task("do")), branch("y", task("do"))).transition("p", END)
    machine = Machine("m").map("each", inner).transition("each", END).build()
    assert {"each", "p", "x", "y"} <= set(texts(svg(machine)))
    assert mermaid(machine).count("{") == 2


BOXES = st.lists(st.tuples(st.floats(10, 200), st.floats(10, 200)), min_size=1, max_size=8)


@given(boxes=BOXES, ends=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.floats(0, 100)), max_size=14))
def test_no_box_lies_over_another_or_over_a_label_and_everything_is_on_the_paper(
    boxes: list[tuple[float, float]], ends: list[tuple[int, int, float]]
) -> None:
    links = [Link(a % len(boxes), b % len(boxes), width) for a, b, width in ends]
    plan = arrange(boxes, links)
    areas = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(plan.corners, boxes, strict=True)]
    for one, other in combinations(areas, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    for left, top, right, bottom in areas:
        assert left >= -0.001
        assert top >= -0.001
        assert right <= plan.width + 0.001
        assert bottom <= plan.height + 0.001
    for link, route in zip(links, plan.routes, strict=True):
        x, y = route.label
        for number, (left, top, right, bottom) in enumerate(areas):
            assert not (left < x < right and top < y < bottom), (link, number)
        assert _touches(route.points[0], areas[link.source])
        assert _touches(route.points[-1], areas[link.target])


def _touches(point: tuple[float, float], area: tuple[float, float, float, float]) -> bool:
    x, y = point
    left, top, right, bottom = area
    return left - 0.001 <= x <= right + 0.001 and top - 0.001 <= y <= bottom + 0.001
