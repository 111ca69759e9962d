"""What is meant to exhaust the engine: refused, or ended after so many steps and so much room, by no clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.workflow.asl.check import check
from app.workflow.asl.compile import compile_machine
from app.workflow.asl.document import LARGEST, MOST, UnreadableDocumentError, read_json, read_yaml
from app.workflow.asl.jsonata import syntax
from app.workflow.asl.jsonata.compiled import Compiled, compiled
from app.workflow.asl.jsonata.errors import JsonataError
from app.workflow.asl.jsonata.regex import Pattern
from app.workflow.asl.jsonata.run import LONGEST, Run
from app.workflow.asl.jsonata.values import MEMORY
from app.workflow.kernel.graph import Definition, Flow, State
from tests.support.workflow.expressions import value

pytestmark = pytest.mark.fast
TOO_LONG = "Expression evaluation timeout: Check for infinite loop"
TOO_DEEP = (
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive. "
    "Depth=101 max=100"
)
TOO_LARGE = "Expression evaluation memory limit exceeded"
OUT_OF_RANGE = "Number out of range"


def spent(text: str) -> int:
    """Evaluate an expression that ends; give the evaluations it counts as."""
    run = Run(0, lambda _nth: 0.5)
    Compiled(text).evaluate({}, run)
    return run.count


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ('$split($pad("", 200, "ab"), /a/)', 100),
        ('$match($pad("", 100, "a"), /a/)', 100),
        ('$replace($pad("", 100, "a"), /a/, "b")', 100),
        ("$zip([1..100], [1..100])", 100),
        ("$partition([1..100], 1)", 100),
        ("($v := {'a': [1..20]}; $v.a@$i.$v.a@$j.{'x': $i * $j})", 400),
        ("[1..100].$x", 100),
        ("[1..100][$x]", 100),
        ("$map([1..100], $string)", 100),
        ("($f := $string ~> $length; $map([1..100], $f))", 200),
        ("$sort([1..100], function($a, $b) { $a > $b })", 300),
        ("$distinct([1..100].{'a': $})", 100),
        ("[1..100]{$string($): $}", 200),
        ("$map([1..100], function($x) { $x })", 100),
        ("[1..25000]", 1_000),
        ('$pad("", 1000000, "a")', 1_000),
        ("[1..1000] = [1..1000]", 200),
        ("$shuffle([1..1000])", 300),
        ("$string([1..1000].{'a': $}) ~> $length()", 1_000),
        ("{'a': [1..100].{'b': $}} ~> |a|{'c': 1}|", 100),
        ("{'a': [1..1000]}.**", 200),
    ],
)
def test_all_that_takes_time_is_counted(text: str, least: int) -> None:
    """ASL-03: what grows with the data counts as evaluations, so that nothing escapes the bound on them."""
    assert spent(text) >= least


def test_small_steps_add_up() -> None:
    """A step below one evaluation is not lost, however many there are of it."""
    run = Run(0, lambda _nth: 0.5)
    for _ in range(1_000):
        run.spend(10)
    assert run.count == 10


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[1..800000].[1..800000]", TOO_LONG),
        ('[1..100000].($pad("", 1000000, "x"))', TOO_LONG),
        ('$pad("a", 6000000) & $pad("b", 6000000)', TOO_LARGE),
        ('$reduce([1..10000], function($a, $b) { $a & $pad("", 1000000) }, "")', TOO_LARGE),
        ('$join($map([1..8], function($x) { $pad("", 1000000, "x") }))', TOO_LARGE),
        ('$string([1..8].($pad("", 1000000, "x")))', TOO_LARGE),
        ('$replace($pad("", 1000000, "a"), "a", "bbbbbbbb")', TOO_LARGE),
        ("$range(1, 400000, 1)", TOO_LARGE),
        ("[1..1000000]", TOO_LARGE),
        ("($f := function($n) { [$f($n - 1)] }; $f(60))", TOO_DEEP),
    ],
)
def test_blow_ups_end_by_count_or_size(text: str, wanted: str) -> None:
    """ASL-03: chains, ranges, padding and joins; before the room is taken."""
    assert value(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "$range(1/0, 2, 1)",
        "$partition([1, 2], 0/0)",
        "$formatBase(1/0, 2)",
        "$formatBase(5, 0/0)",
        "$round(1.5, 1/0)",
        '$substring("abc", 1/0)',
        '$substring("abc", 0, 1/0)',
        '$pad("a", 1/0)',
        '$pad("a", 1e300)',
        '$split("a,b", ",", 0/0)',
        '$replace("aaa", "a", "b", 0/0)',
        "$random(1/0)",
        "$fromMillis(0/0)",
        '$number("0x" & $pad("", 1000, "f"))',
    ],
)
def test_numbers_that_json_does_not_have_fail_the_function(text: str) -> None:
    """ASL-03: an error of the expression, never one of Python's."""
    assert value(text) == OUT_OF_RANGE


@pytest.mark.parametrize("text", ["x@$i#$j[0]{'a': 1}", "(1)[].x@$i{'a': 1}"])
def test_what_the_reference_stumbles_over_fails_the_expression(text: str) -> None:
    assert value(text) == "Expression cannot be evaluated"


@pytest.mark.parametrize(
    "text",
    [
        '$fromMillis(0, $pad("", 3000, "[Y]"))',
        '$fromMillis(0, "[Y,*-1000000000]")',
        '$formatNumber(1, $pad("", 5000, "0"))',
        '$toMillis("2024", $pad("", 3000, "[Y]"))',
    ],
)
def test_pictures_have_a_length(text: str) -> None:
    assert str(value(text)).endswith(("picture string", "is too long"))


def test_reading_by_a_picture_is_counted() -> None:
    """The library's regular expression of seven runs of digits would try them in every way."""
    assert value('$toMillis($pad("", 3000, "1") & "x", "[Y][M][D][d][H][m][s]")') == TOO_LONG
    assert value('$toMillis("12.03.2024", "[D01].[M01].[Y0001]")') == 1710201600000
    assert value('$toMillis("nothing", "[Y0001]")') is None


@pytest.mark.parametrize(
    "source",
    ["a{99999999999999999999}", "((((a{10}){10}){10}){10}){10}", "(" * 3_000 + ")" * 3_000, "(?<n>a)\\k<n", "[", "a**"],
    ids=lambda source: source[:12],
)
def test_regular_expressions_that_cannot_be_small_are_refused(source: str) -> None:
    with pytest.raises(JsonataError):
        Pattern(source, ignore_case=False, multiline=False)


@pytest.mark.parametrize("source", ["(a*)*b", "(a|aa)+$b", "(?=(a+))b", "(?<=a*)b", "(a+)+c", "(.*)*x"])
def test_backtracking_is_counted(source: str) -> None:
    """ASL-03: what the steps are told to may end them."""
    told: list[float] = []

    def spend(steps: float) -> None:
        told.append(steps)
        if sum(told) > 5_000_000:
            raise JsonataError("", TOO_LONG)

    pattern = Pattern(source, ignore_case=False, multiline=False)
    with pytest.raises(JsonataError, match=TOO_LONG):
        pattern.search("a" * 5_000, 0, spend)


def test_the_bounds_are_those_that_are_documented() -> None:
    assert (LONGEST, MEMORY, LARGEST, MOST) == (300_000, 6_990_256, 1_048_576, 200_000)


def _bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("text", [_bomb(9), "a: &a [" * 400, "a: &a {b: *a}", "a: " + "1" * 5_000])
def test_yaml_that_grows_when_it_is_read_is_refused(text: str) -> None:
    """ASL-01: aliases are followed no further than so many values."""
    with pytest.raises(UnreadableDocumentError):
        read_yaml(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ' + "9" * 5_000 + "}",
        '{"a": 1e' + "9" * 50 + "}",
        '{"a": ' * 251 + "1" + "}" * 251,
        "[" * 1_000_000,
        '"' + "x" * LARGEST + '"',
    ],
    ids=lambda text: text[:8],
)
def test_json_beyond_the_bounds_is_refused(text: str) -> None:
    """ASL-01: huge numbers, depth, length."""
    with pytest.raises(UnreadableDocumentError):
        read_json(text)


def _large(states: int) -> dict[str, Any]:
    line = {f"s{n}": {"Type": "Pass", "Next": f"s{n + 1}"} for n in range(states)}
    return {"StartAt": "s0", "States": {**line, f"s{states}": {"Type": "Succeed"}}}


def test_a_definition_of_a_megabyte_is_checked() -> None:
    """ASL-02: all of it, and the fault at its end is found."""
    document = _large(23_000)
    document["States"]["s23000"]["Type"] = "Nothing"
    text = json.dumps(document)
    assert LARGEST * 0.9 < len(text) <= LARGEST
    faults = check(read_json(text).data)
    assert [fault.location for fault in faults if "s23000" in (fault.location or "")]


class Asked(dict[str, State]):
    """States that count how often all of them are gone through."""

    times = 0

    def __iter__(self) -> Iterator[str]:
        """Count."""
        self.times += 1
        return super().__iter__()


def test_a_definition_is_gone_through_as_often_however_large_it_is() -> None:
    """ASL-02: a machine of 23,000 states took half a minute to compile."""
    flows = []
    for size in (10, 200):
        flow = compile_machine(_large(size), "m").flow
        flows.append(Asked(flow.states))
        Definition("m", Flow(flow.start, flows[-1]))
    assert flows[0].times == flows[1].times


def test_an_expression_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """ASL-03: a megabyte of one took 40 seconds to refuse."""
    read: list[str] = []
    monkeypatch.setattr(syntax, "_parsed", read.append)
    with pytest.raises(JsonataError, match="longer than 65536 characters"):
        syntax.parse("[" + "1," * 500_000 + "1]")
    assert read == []
    fits = "1" + " " * (syntax.LONGEST - 1)
    syntax.parse(fits)
    assert read == [fits]


def test_many_long_expressions_are_not_read_either() -> None:
    """ASL-03: all of a definition have room for so much; the first beyond it is told, and none after that is read."""
    long = "{% " + " " * 60_000 + "1 + %}"
    states = {f"s{n}": {"Type": "Pass", "Output": f"{long[:-3]}{n} %}}", "Next": f"s{n + 1}"} for n in range(9)}
    last = {"s9": {"Type": "Succeed", "Output": "{% 1 + %}"}}
    faults = check({"QueryLanguage": "JSONata", "StartAt": "s0", "States": {**states, **last}})
    told = "The expressions of a definition have more than 262144 characters"
    assert [(fault.message, fault.location) for fault in faults] == [(told, "/States/s4/Output")]


def test_an_expression_is_read_once() -> None:
    """What is checked is what is run; a second reader of the same text is the first."""
    assert compiled("1 + 2") is compiled("1 + 2")
    with pytest.raises(JsonataError):
        compiled("1 +")
    assert compiled("a.%.b").tree.type == "path"
