"""A layered layout for small graphs: boxes in rows, links that run downwards between them and never through them.

After Sugiyama, Tagawa and Toda (1981): cycles are broken, rows found by the longest path, a link across several rows
gets a place in each of them, places are ordered by the middle of their neighbours. A label has a place of its own, so
that none lies over another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

GAP: Final = 26.0
ROW_GAP: Final = 20.0
LABEL: Final = 18.0
_SWEEPS: Final = 8
_LOOP: Final = 26.0

Point = tuple[float, float]


class Link(NamedTuple):
    """A link between boxes by their numbers, with the width of its label."""

    source: int
    target: int
    label: float


class Route(NamedTuple):
    """The points of a link from its source to its target, in the order given, and the middle of its label."""

    points: tuple[Point, ...]
    label: Point


class Plan(NamedTuple):
    """Where everything is: the size of the whole, the upper left corners of the boxes, the routes of the links."""

    width: float
    height: float
    corners: tuple[Point, ...]
    routes: tuple[Route, ...]


# Compared by identity: two places of equal size are two places.
@dataclass(slots=True, eq=False)
class _Place:
    width: float
    height: float
    row: int
    passed: bool = False
    x: float = 0.0
    y: float = 0.0
    above: list[_Place] = field(default_factory=list)
    below: list[_Place] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def arrange(sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> Plan:
    """Place boxes of these (width, height) and the links between them; the first box is at the top."""
    down = _downwards(len(sizes), links)
    rows = _rows(len(sizes), down)
    loops = [_loop_width(number, links) for number in range(len(sizes))]
    boxes = [_Place(w + loop, h, row) for (w, h), row, loop in zip(sizes, rows, loops, strict=True)]
    places = list(boxes)
    chains = [_chain(boxes, link, places) for link in down]
    table: list[list[_Place]] = [[] for _ in range(max((place.row for place in places), default=-1) + 1)]
    for place in places:
        table[place.row].append(place)
    _order(table)
    _across(table)
    height = _downs(table)
    left = min((place.x for place in places), default=0.0)
    for place in places:
        place.x -= left
    width = max((place.x + place.width for place in places), default=0.0)
    ports = _ports(boxes, [w for w, _ in sizes], chains)
    routes = []
    for number, (link, chain) in enumerate(zip(links, chains, strict=True)):
        if link.source == link.target:
            routes.append(_loop(boxes[link.source], sizes[link.source][0], link.label))
        else:
            routes.append(_route(chain, ports[number], turned=rows[link.source] > rows[link.target]))
    return Plan(width, height, tuple((box.x, box.y) for box in boxes), tuple(routes))


def _loop_width(number: int, links: Sequence[Link]) -> float:
    return max((_LOOP + link.label for link in links if link.source == link.target == number), default=0.0)


def _downwards(count: int, links: Sequence[Link]) -> list[Link]:
    """Turn the links round that would close a cycle."""
    following: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        following[link.source].append(link.target)
    seen: set[int] = set()
    back: set[tuple[int, int]] = set()
    for first in range(count):
        if first in seen:
            continue
        seen.add(first)
        trail = [(first, iter(following[first]))]
        while trail:
            node, targets = trail[-1]
            target = next(targets, None)
            if target is None:
                trail.pop()
            elif target in {one for one, _ in trail}:
                back.add((node, target))
            elif target not in seen:
                seen.add(target)
                trail.append((target, iter(following[target])))
    return [
        Link(link.target, link.source, link.label) if (link.source, link.target) in back else link for link in links
    ]


def _rows(count: int, links: Sequence[Link]) -> list[int]:
    """Give the row of each box: even ones, so that there is room for labels between."""
    links = [link for link in links if link.source != link.target]
    rows = [0] * count
    for _ in range(count):
        for link in links:
            rows[link.target] = max(rows[link.target], rows[link.source] + 2)
    return rows


def _chain(boxes: list[_Place], link: Link, places: list[_Place]) -> list[_Place]:
    """Give the places that a link runs through, its boxes included; new ones go into ``places``."""
    top, bottom = boxes[link.source], boxes[link.target]
    if top is bottom:
        return []
    chain = [top]
    for row in range(top.row + 1, bottom.row):
        labelled = row == top.row + 1
        chain.append(_Place(link.label + 12 if labelled else 12.0, LABEL if labelled else 0.0, row, passed=True))
    places.extend(chain[1:])
    chain.append(bottom)
    for upper, lower in pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return chain


def _order(table: list[list[_Place]]) -> None:
    """Order each row by the middle of its neighbours' numbers, down and up again and again."""
    for sweep in range(_SWEEPS):
        upwards = sweep % 2 == 1
        rows = range(len(table) - 2, -1, -1) if upwards else range(1, len(table))
        for row in rows:
            numbers = {id(place): n for n, place in enumerate(table[row + 1] if upwards else table[row - 1])}
            wanted = {}
            for n, place in enumerate(table[row]):
                near = [numbers[id(other)] for other in (place.below if upwards else place.above)]
                wanted[id(place)] = sum(near) / len(near) if near else float(n)
            table[row].sort(key=lambda place: wanted[id(place)])


def _across(table: list[list[_Place]]) -> None:
    """Give each place its x: as near to its neighbours' as the order of the row allows."""
    for row in table:
        x = -sum(place.width + GAP for place in row) / 2
        for place in row:
            place.x = x
            x += place.width + GAP
    for sweep in range(2 * _SWEEPS):
        for row in table if sweep % 2 == 0 else reversed(table):
            wanted = []
            for place in row:
                near = place.above + place.below
                wanted.append(sum(other.middle for other in near) / len(near) if near else place.middle)
            x = float("-inf")
            for place, middle in zip(row, wanted, strict=True):
                place.x = max(middle - place.width / 2, x)
                x = place.x + place.width + GAP
            drift = sum(middle - place.middle for place, middle in zip(row, wanted, strict=True)) / max(len(row), 1)
            for place in row:
                place.x += drift


def _downs(table: list[list[_Place]]) -> float:
    """Give each place its y, and the height of all."""
    y = 0.0
    for row in table:
        height = max(place.height for place in row)
        for place in row:
            if place.passed:
                # Straight past the whole row: whatever stands beside it may be as high as that.
                place.height = height
            place.y = y + (height - place.height) / 2
        y += height + ROW_GAP
    return max(y - ROW_GAP, 0.0)


def _ports(boxes: list[_Place], widths: list[float], chains: list[list[_Place]]) -> list[tuple[float, float]]:
    """Give, for each chain, where it leaves its upper box and where it reaches its lower one."""
    ports = [[0.0, 0.0] for _ in chains]
    for number, box in enumerate(boxes):
        for end in (0, 1):
            here = [n for n, chain in enumerate(chains) if chain and chain[-end] is box]
            here.sort(key=lambda n: chains[n][1 if end == 0 else -2].middle)
            for place, n in enumerate(here, 1):
                ports[n][end] = box.x + widths[number] * (0.15 + 0.7 * place / (len(here) + 1))
    return [(upper, lower) for upper, lower in ports]


def _route(chain: list[_Place], ports: tuple[float, float], *, turned: bool) -> Route:
    points = [(ports[0], chain[0].y + chain[0].height)]
    for place in chain[1:-1]:
        points += [(place.middle, place.y), (place.middle, place.y + place.height)]
    points.append((ports[1], chain[-1].y))
    label = chain[1]
    if turned:
        points.reverse()
    return Route(tuple(points), (label.middle, label.y + label.height / 2))


def _loop(box: _Place, width: float, label: float) -> Route:
    right, top, bottom = box.x + width, box.y + box.height * 0.3, box.y + box.height * 0.7
    points = ((right, top), (right + _LOOP - 8, top), (right + _LOOP - 8, bottom), (right, bottom))
    return Route(points, (right + _LOOP - 4 + label / 2, box.y + box.height / 2))
