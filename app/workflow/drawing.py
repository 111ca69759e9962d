"""Machines as pictures: Mermaid for documents, SVG for anything else."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from html import escape
from typing import Final, NamedTuple
from unicodedata import category, east_asian_width

from .kernel.graph import TIMEOUT, Definition, Flow, State
from .layout import Link, Plan, arrange

_PAD: Final = 14.0
_DOT: Final = 12.0
_HEAD: Final = 26.0
_HEIGHT: Final = 38.0
_COLOURS: Final = {
    "start": ("#eef6ee", "#4a8a4a"),
    "end": ("#eef6ee", "#4a8a4a"),
    "fail": ("#fbeaea", "#b03a3a"),
    "task": ("#eaf1fb", "#3a66b0"),
    "decision": ("#fdf6e3", "#a67c1a"),
    "state": ("#f4eefb", "#7a4ab0"),
    "receive": ("#f4eefb", "#7a4ab0"),
    "wait": ("#f4eefb", "#7a4ab0"),
}
_PLAIN: Final = ("#f4f4f4", "#666666")


Names = AbstractSet[str]
_NONE: Final[Names] = frozenset()


class _Marks(NamedTuple):
    """States that an execution has been in, is in, or has failed in."""

    been: Names = _NONE
    now: Names = _NONE
    failed: Names = _NONE

    def of(self, state: str) -> str:
        """Give the mark that tells most."""
        return next((mark for mark in _MARKED if state in getattr(self, mark)), "")


_MARKED: Final = {"failed": "#d02020", "now": "#e08a00", "been": "#2a8a2a"}
"""The marks, those that tell most first, with the colours of their frames."""


def mermaid(definition: Definition, *, been: Names = _NONE, now: Names = _NONE, failed: Names = _NONE) -> str:
    """Draw a machine as a Mermaid state diagram, branches and items as states inside states.

    Named states are marked: those where an execution has been, is, or has failed.
    """
    marks = _Marks(been, now, failed)
    numbers = {name: f"s{number}" for number, name in enumerate(definition.states)}
    lines = ["stateDiagram-v2", *_mermaid(definition.flow, numbers, "    ")]
    marked = [(numbers[name], mark) for name in definition.states if (mark := marks.of(name))]
    if marked:
        lines += [f"    classDef {mark} stroke:{colour},stroke-width:3px" for mark, colour in _MARKED.items()]
        lines += [f"    class {number} {mark}" for number, mark in marked]
    return "\n".join(lines) + "\n"


def _mermaid(flow: Flow, numbers: dict[str, str], indent: str) -> Iterator[str]:
    for name, state in flow.states.items():
        inner = state.flows()
        opening = " {" if inner else ""
        yield f'{indent}state "{_entities(name)}" as {numbers[name]}{opening}'
        for place, one in enumerate(inner):
            if place:
                yield f"{indent}    --"
            yield from _mermaid(one, numbers, indent + "    ")
        if inner:
            yield f"{indent}}}"
    yield f"{indent}[*] --> {numbers[flow.start]}"
    for name, state in flow.states.items():
        for transition, target in state.transitions.items():
            goal = "[*]" if target is None else numbers[target]
            label = "" if _is_silent(state, transition) else f" : {_entities(transition)}"
            yield f"{indent}{numbers[name]} --> {goal}{label}"
        if state.final:
            yield f"{indent}{numbers[name]} --> [*]"


def _is_silent(state: State, transition: str) -> bool:
    """Tell whether a transition goes without saying: the way out of a state that ends its branch."""
    return state.kind == "end" and transition == "success"


def _entities(text: str) -> str:
    """Write a text so that nothing in it means anything to Mermaid: as numbers where it is no letter or digit."""
    return "".join(c if c.isalnum() or c in " _-.,'()" else f"#{ord(c)};" for c in text) or "#32;"


class _Drawn(NamedTuple):
    width: float
    height: float
    parts: list[str]


def svg(definition: Definition, *, been: Names = _NONE, now: Names = _NONE, failed: Names = _NONE) -> str:
    """Draw a machine as an SVG document: start at the top, the ways of errors dashed, branches as boxes in boxes.

    The boxes of named states have thick frames: where an execution has been, is, or has failed.
    """
    drawn = _flow(definition.flow, _Marks(been, now, failed))
    width, height = drawn.width + 2 * _PAD, drawn.height + 2 * _PAD
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" font-family="Helvetica, Arial, sans-serif" font-size="12" role="img">'
    )
    marker = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#444444"/></marker></defs>'
    )
    paper = f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
    title = f"<title>{_safe(definition.name)}</title>"
    return "\n".join([head, title, marker, paper, _moved(_PAD, _PAD, drawn.parts), "</svg>"]) + "\n"


def _flow(flow: Flow, marks: _Marks) -> _Drawn:
    """Draw a line of states, with a dot where it starts and, if it does, one where it ends."""
    order = [flow.start, *(name for name in flow.states if name != flow.start)]
    boxes = {name: _state(flow.states[name], marks) for name in order}
    numbers = {name: number for number, name in enumerate(order, 1)}
    sizes = [(_DOT, _DOT), *((box.width, box.height) for box in boxes.values())]
    ends = [n for n in order if None in flow.states[n].transitions.values() and flow.states[n].kind != "end"]
    if ends:
        sizes.append((_DOT, _DOT))
    links, names = [Link(0, 1, 0.0)], [("", False)]
    for name in order:
        for transition, target, failing in _ways(flow.states[name]):
            goal = len(sizes) - 1 if target is None else numbers[target]
            links.append(Link(numbers[name], goal, _width(transition, 11)))
            names.append((transition, failing))
    plan = arrange(sizes, links)
    parts = [*_links(plan, names), _dot(plan.corners[0], ending=False)]
    parts += [_moved(*plan.corners[numbers[name]], box.parts) for name, box in boxes.items()]
    if ends:
        parts.append(_dot(plan.corners[-1], ending=True))
    return _Drawn(plan.width, plan.height, parts)


def _ways(state: State) -> Iterator[tuple[str, str | None, bool]]:
    """Give the transitions to draw: name, target, whether an error or a time limit takes it."""
    failing = {catcher.transition for catcher in state.catchers} | {TIMEOUT}
    for transition, target in state.transitions.items():
        if target is not None or state.kind != "end":
            yield transition, target, transition.split(" [")[0] in failing


def _links(plan: Plan, names: list[tuple[str, bool]]) -> Iterator[str]:
    for (_, failing), route in zip(names, plan.routes, strict=True):
        (x, y), *others = route.points
        path = f"M{x:.1f},{y:.1f}"
        for to_x, to_y in others:
            middle = (y + to_y) / 2
            path += f" C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}"
            x, y = to_x, to_y
        dashes = ' stroke-dasharray="4 3"' if failing else ""
        yield f'<path d="{path}" fill="none" stroke="#444444" marker-end="url(#arrow)"{dashes}/>'
    for (name, _), route in zip(names, plan.routes, strict=True):
        if name:
            # Over the lines, on paper of its own.
            at = f'x="{route.label[0]:.1f}" y="{route.label[1] + 4:.1f}" text-anchor="middle" font-size="11"'
            paper = 'stroke="#ffffff" stroke-width="4" paint-order="stroke"'
            yield f'<text {at} {paper} fill="#333333">{_safe(name)}</text>'


def _state(state: State, marks: _Marks) -> _Drawn:
    fill, line = _COLOURS.get(state.kind, _PLAIN)
    mark = marks.of(state.name)
    line = _MARKED.get(mark, line)
    caption = _caption(state)
    flows = [_flow(flow, marks) for flow in state.flows()]
    width = max(_width(state.name, 12), _width(caption, 10)) + 2 * _PAD
    if not flows:
        parts = [_box(0, 0, width, _HEIGHT, fill, line, twice=state.kind == "end", mark=mark)]
        parts += [_text(width / 2, 16, state.name, 12), _text(width / 2, 30, caption, 10)]
        return _Drawn(width, _HEIGHT, parts)
    inside = sum(flow.width + 2 * _PAD for flow in flows) + _PAD * (len(flows) - 1)
    width = max(width, inside + 2 * _PAD)
    tall = max(flow.height for flow in flows) + 2 * _PAD
    height = _HEAD + 12 + tall + _PAD
    parts = [_box(0, 0, width, height, fill, line, mark=mark)]
    parts += [_text(width / 2, 16, state.name, 12), _text(width / 2, 30, caption, 10)]
    x = (width - inside) / 2
    for flow in flows:
        parts.append(_box(x, _HEAD + 12, flow.width + 2 * _PAD, tall, "#ffffff", "#bbbbbb"))
        parts.append(_moved(x + _PAD, _HEAD + 12 + _PAD, flow.parts))
        x += flow.width + 3 * _PAD
    return _Drawn(width, height, parts)


def _caption(state: State) -> str:
    resource = getattr(state, "resource", None)
    return f"{state.kind}: {resource}" if isinstance(resource, str) else state.kind


def _box(
    x: float, y: float, width: float, height: float, fill: str, line: str, *, twice: bool = False, mark: str = ""
) -> str:
    marked = f' stroke-width="3" class="{mark}"' if mark else ""

    def box(inset: float) -> str:
        return (
            f'<rect x="{x + inset:.1f}" y="{y + inset:.1f}" width="{width - 2 * inset:.1f}"'
            f' height="{height - 2 * inset:.1f}" rx="7" fill="{fill}" stroke="{line}"{marked}/>'
        )

    return box(0) + box(3) if twice else box(0)


def _dot(corner: tuple[float, float], *, ending: bool) -> str:
    x, y = corner[0] + _DOT / 2, corner[1] + _DOT / 2
    ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="#ffffff" stroke="#333333"/>' if ending else ""
    return f'{ring}<circle cx="{x:.1f}" cy="{y:.1f}" r="{3.5 if ending else 6}" fill="#333333"/>'


def _text(x: float, y: float, text: str, size: int) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="{size}" fill="#222222">{_safe(text)}</text>'


def _moved(x: float, y: float, parts: list[str]) -> str:
    return f'<g transform="translate({x:.1f},{y:.1f})">' + "".join(parts) + "</g>"


def _safe(text: str) -> str:
    """Write a text as XML may hold it: what it cannot say at all becomes a replacement character."""
    return escape("".join(c if category(c) not in {"Cc", "Cs", "Cn"} else "\ufffd" for c in text))


def _width(text: str, size: int) -> float:
    """Estimate how wide a text is."""
    return sum(1.0 if east_asian_width(c) in "WF" else 0.6 for c in text) * size
