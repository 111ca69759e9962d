"""Custom fields over HTTP: defined per company, typed, in every object, filterable, and free when there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from app.domain.shared.objects import ObjectKind
from tests.support.databases import statements, tracing
from tests.support.office import ON_SQLITE, Office, Served, free_line, together

pytestmark = pytest.mark.fast

TYPES: Final[dict[str, dict[str, Any]]] = {
    "note": {"type": "text", "max_length": 20},
    "size": {"type": "integer"},
    "weight": {"type": "decimal"},
    "fragile": {"type": "flag"},
    "tested": {"type": "date"},
    "colour": {"type": "choice", "choices": ["red", "blue"]},
}
SAMPLE: Final = {
    "note": "mind",
    "size": 3,
    "weight": "1.5",
    "fragile": True,
    "tested": "2026-11-21",
    "colour": "red",
}


def define(office: Office, kind: str, name: str, **given: Any) -> dict[str, Any]:
    """Define a field of the type in TYPES, or as given; who is signed in sees a new demand at once."""
    body = {"kind": kind, "name": name, "label": name.title(), **TYPES.get(name, {}), **given}
    made = office.make("/custom-fields", body)
    forget(office)
    return made


def forget(office: Office) -> None:
    """Make the service look the caller up again, as it does after 30 seconds by itself."""
    office.served.http.app.state.shell.callers._known.clear()  # type: ignore[attr-defined]


def define_all(office: Office, kind: str) -> None:
    for name in TYPES:
        define(office, kind, name)


def party(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return "/third-parties", {"name": "C", "customer": True, "custom": custom}


def product(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return "/products", {"ref": "X", "name": "x", "unit_price": "1", "vat_rate": "20", "custom": custom}


def warehouse(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return "/warehouses", {"ref": "X", "name": "x", "custom": custom}


def proposal(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return "/proposals", {"party_id": office.customer(), "lines": [free_line("1")], "custom": custom}


def proposal_order(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return f"/proposals/{office.proposal([free_line('1')], signed=True)['id']}/orders", {"custom": custom}


def proposal_invoice(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return f"/proposals/{office.proposal([free_line('1')], signed=True)['id']}/invoices", {"custom": custom}


def order(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return "/orders", {"party_id": office.customer(), "lines": [free_line("1")], "custom": custom}


def shipment(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    made = office.order([{"product_id": office.product("5"), "quantity": "1"}])
    return f"/orders/{made['id']}/shipments", {"custom": custom}


def invoice(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return "/invoices", {"party_id": office.customer(), "lines": [free_line("1")], "custom": custom}


def order_invoice(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return f"/orders/{office.order([free_line('1')])['id']}/invoices", {"custom": custom}


def payment(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return f"/invoices/{office.invoice('10')['id']}/payments", {"custom": custom}


def payments(office: Office, custom: Any) -> tuple[str, dict[str, Any]]:
    return "/payments", {"allocations": [{"invoice_id": office.invoice("10")["id"]}], "custom": custom}


Make = Callable[[Office, Any], tuple[str, dict[str, Any]]]
MADE: Final[list[tuple[str, Make]]] = [
    ("third-parties", party),
    ("products", product),
    ("warehouses", warehouse),
    ("proposals", proposal),
    ("orders", proposal_order),
    ("invoices", proposal_invoice),
    ("orders", order),
    ("shipments", shipment),
    ("invoices", invoice),
    ("invoices", order_invoice),
    ("payments", payment),
    ("payments", payments),
]
CHANGED: Final = [(kind, make) for kind, make in MADE if kind not in {"shipments", "payments"}]
EACH = pytest.mark.parametrize(("kind", "make"), MADE, ids=lambda value: getattr(value, "__name__", ""))


def test_every_kind_is_tried() -> None:
    assert {kind for kind, _ in MADE} == set(ObjectKind)


# --- definitions ------------------------------------------------------------------------------------------------------


def test_a_field_is_defined_read_changed_listed_and_deleted(office: Office) -> None:
    """Custom fields belong to one company and one kind of objects."""
    made = define(office, "products", "colour", required=True, default="red", position=2)
    assert made["choices"] == ["red", "blue"]
    path = f"/custom-fields/{made['id']}"
    assert office.get(path).body == made
    changed = office.patch(path, {"label": "Paint", "choices": ["red", "green"], "archived": True}, 1)
    assert changed.status == 200
    assert changed.body == {
        **made,
        "label": "Paint",
        "choices": ["red", "green"],
        "archived": True,
        "version": 2,
    }
    assert office.patch(path, {"label": "x"}, 1).refusal == (412, "stale")
    (row,) = office.items("/custom-fields?kind=products&archived=true")
    assert row == {name: changed[name] for name in row}
    assert office.delete(path, 2).status == 204
    assert office.get(path).refusal == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "Size"}, "/name"),
        ({"name": "a" * 41}, "/name"),
        ({"kind": "users"}, "/kind"),
        ({"type": "reference"}, "/type"),
        ({"type": "choice"}, "/choices"),
        ({"choices": ["a"]}, "/choices"),
        ({"max_length": 501}, "/max_length"),
        ({"type": "flag", "max_length": 5}, "/max_length"),
        ({"default": 3}, "/default"),
        ({"label": ""}, "/label"),
        ({"position": -1}, "/position"),
    ],
)
@ON_SQLITE
def test_an_unsound_definition_is_refused_where_it_is_wrong(office: Office, body: Any, pointer: str) -> None:
    reply = office.post("/custom-fields", {"kind": "products", "name": "size", "label": "S", "type": "text", **body})
    assert reply.status == 422
    assert reply.pointers == [pointer]


def test_a_name_is_taken_once_per_company_and_kind(office: Office, served: Served) -> None:
    define(office, "products", "size")
    body = {"kind": "products", "name": "size", "label": "S", "type": "text"}
    assert office.post("/custom-fields", body).refusal == (409, "taken")
    assert office.post("/custom-fields", {**body, "kind": "orders"}).status == 201
    assert served.company().post("/custom-fields", body).status == 201


def test_a_field_with_values_is_archived_not_deleted(office: Office) -> None:
    """Archived, it keeps its values, takes no others, and lets them be removed."""
    made = define(office, "products", "size")
    path = f"/custom-fields/{made['id']}"
    item = office.make(*product(office, {"size": 3}))
    assert office.delete(path, 1).refusal == (409, "fields.in_use")
    assert office.patch(path, {"archived": True}, 1).status == 200
    own = f"/products/{item['id']}"
    assert office.get(own)["custom"] == {"size": 3}
    assert office.patch(own, {"custom": {"size": 4}}, 1).refusal == (422, "fields.unknown")
    assert office.patch(own, {"custom": {"size": None}}, 1)["custom"] == {}
    assert office.delete(path, 2).status == 204


def test_a_field_and_its_first_value_that_meet_are_never_at_odds(office: Office) -> None:
    """Deleted while an object gets a value of it: either the value is refused, or the field stays."""
    for n in range(3):
        made = define(office, "products", f"f{n}", type="integer")
        _, body = product(office, {f"f{n}": n})
        sent = {**body, "ref": f"N{n}"}
        met = together(
            2,
            lambda which, made=made, sent=sent: (  # type: ignore[misc]
                office.delete(f"/custom-fields/{made['id']}", 1) if which else office.post("/products", sent)
            ),
        )
        assert [reply.status for reply in met] in ([201, 409], [422, 204]), [reply.body for reply in met]


@ON_SQLITE
def test_there_is_an_end_to_fields(office: Office) -> None:
    for n in range(100):
        define(office, "warehouses", f"f{n}", type="flag")
    reply = office.post("/custom-fields", {"kind": "warehouses", "name": "more", "label": "S", "type": "flag"})
    assert reply.refusal == (409, "fields.too_many")


# --- values -----------------------------------------------------------------------------------------------------------


@EACH
def test_values_go_in_and_come_out_of_every_kind_of_object(office: Office, kind: str, make: Make) -> None:
    """Custom fields in input, output and lists, on each database."""
    define_all(office, kind)
    made = office.make(*make(office, SAMPLE))
    assert made["custom"] == SAMPLE
    assert list(made["custom"]) == list(TYPES)
    assert office.get(f"/{kind}/{made['id']}")["custom"] == SAMPLE
    assert [row["custom"] for row in office.items(f"/{kind}?id={made['id']}")] == [SAMPLE]


@pytest.mark.parametrize(("kind", "make"), CHANGED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_patch_merges_custom_values(office: Office, kind: str, make: Make) -> None:
    """RFC 7396 within ``custom`` too: what is not named stays, null removes one, or all."""
    define_all(office, kind)
    made = office.make(*make(office, SAMPLE))
    path = f"/{kind}/{made['id']}"
    changed = office.patch(path, {"custom": {"size": 4, "note": None}}, made["version"])
    assert changed.status == 200, changed.body
    rest = {name: value for name, value in SAMPLE.items() if name != "note"}
    assert changed["custom"] == office.get(path)["custom"] == {**rest, "size": 4}
    assert [len(office.items(f"/{kind}?custom.{ask}")) for ask in ("size=3", "size=4", "note=mind")] == [0, 1, 0]
    emptied = office.patch(path, {"custom": None}, changed["version"])
    assert emptied["custom"] == {}
    assert office.items(f"/{kind}?custom.size=4") == []
    assert office.patch(path, {"custom": {}}, emptied["version"])["custom"] == {}


@EACH
@ON_SQLITE
def test_values_are_refused_where_they_stand_and_nothing_is_stored(office: Office, kind: str, make: Make) -> None:
    """422 with a pointer: unknown name, wrong type, a choice that is not offered, a required one that is missing."""
    path, body = make(office, {})
    define_all(office, kind)
    define(office, kind, "must", type="text", required=True)
    before = office.items(f"/{kind}")
    for custom, pointer, code in (
        ({"must": "x", "colours": "red"}, "/custom/colours", "fields.unknown"),
        ({"must": "x", "size": "3"}, "/custom/size", "fields.bad_value"),
        ({"must": "x", "size": None, "colour": "green"}, "/custom/colour", "fields.bad_value"),
        ({"size": 3}, "/custom/must", "required"),
        ({}, "/custom/must", "required"),
    ):
        reply = office.post(path, {**body, "custom": custom})
        assert reply.refusal == (422, code), (custom, reply.body)
        assert reply.pointers == [pointer]
    assert office.post(path, {**body, "custom": "red"}).pointers == ["/custom"]
    assert office.items(f"/{kind}") == before
    assert office.post(path, {**body, "custom": {"must": "x"}}).status == 201


def test_a_default_fills_new_objects_and_is_found(office: Office) -> None:
    define(office, "products", "colour", default="blue")
    made = office.product()
    assert office.get(f"/products/{made}")["custom"] == {"colour": "blue"}
    assert [row["id"] for row in office.items("/products?custom.colour=blue")] == [made]
    without = office.make(*product(office, {"colour": None}))
    assert without["custom"] == {}


def test_an_object_older_than_a_demand_can_still_be_changed(office: Office) -> None:
    """What became required later is asked for when custom values are sent, not when a name is corrected."""
    made = office.product()
    define(office, "products", "must", type="text", required=True)
    assert office.patch(f"/products/{made}", {"name": "y"}, 1).status == 200
    assert office.patch(f"/products/{made}", {"custom": {}}, 2).pointers == ["/custom/must"]
    assert office.patch(f"/products/{made}", {"custom": {"must": "x"}}, 2)["custom"] == {"must": "x"}


def test_a_document_beyond_its_draft_keeps_its_values_and_its_link(office: Office) -> None:
    """The legal content and the hash chain never include custom values, and nobody changes them afterwards."""
    define(office, "invoices", "size")
    draft = office.make(*invoice(office, {"size": 3}))
    final = office.act(f"/invoices/{draft['id']}/validate")
    assert final["custom"] == {"size": 3}
    assert final["link"]
    refused = office.patch(f"/invoices/{draft['id']}", {"custom": {"size": 4}}, final["version"])
    assert refused.refusal == (409, "billing.invoice_not_draft")
    assert office.get(f"/invoices/{draft['id']}").body == final


def test_the_states_of_an_order_leave_its_values_alone(office: Office) -> None:
    define(office, "orders", "size")
    define(office, "shipments", "size")
    made = office.order([{"product_id": office.product("5"), "quantity": "1"}], custom={"size": 3})
    sent = office.make(f"/orders/{made['id']}/shipments", {"custom": {"size": 7}})
    assert office.act(f"/shipments/{sent['id']}/validate")["custom"] == {"size": 7}
    assert office.act(f"/shipments/{sent['id']}/close")["custom"] == {"size": 7}
    assert office.get(f"/orders/{made['id']}")["custom"] == {"size": 3}


def test_a_deleted_draft_is_no_longer_found_and_frees_its_fields(office: Office) -> None:
    field = define(office, "orders", "size")
    made = office.order([free_line("1")], validated=False, custom={"size": 3})
    assert office.delete(f"/orders/{made['id']}", made["version"]).status == 204
    assert office.items("/orders?custom.size=3") == []
    assert office.delete(f"/custom-fields/{field['id']}", 1).status == 204


def test_values_of_another_company_are_neither_shown_nor_found(office: Office, served: Served) -> None:
    """ERP-13."""
    other = served.company()
    for one in (office, other):
        define(one, "products", "size")
    other.make(*product(other, {"size": 3}))
    assert office.items("/products?custom.size=3") == []
    assert len(other.items("/products?custom.size=3")) == 1


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "found"),
    [
        ("size=2", "b"),
        ("size_gte=2", "bc"),
        ("size_gt=2", "c"),
        ("size_lt=2", "a"),
        ("size_lte=2", "ab"),
        ("size_ne=2", "acd"),
        ("weight=1.50", "a"),
        ("weight_gt=-1", "ab"),
        ("note=Zoë", "a"),
        ("note_gte=a", "b"),
        ("fragile=true", "a"),
        ("fragile=false", "b"),
        ("fragile_ne=true", "bcd"),
        ("tested_lt=2026-11-21", "b"),
        ("colour=red", "ab"),
        ("colour_ne=red", "cd"),
        ("colour=gone", ""),
        ("colour=red&custom.size=2", "b"),
        ("colour=red&name=a", "a"),
    ],
)
def test_a_filter_finds_the_rows_it_says(served: Served, ask: str, found: str) -> None:
    """Demand 12: with the operators of the type, all conditions together, the same rows on each database."""
    office = filtered(served)
    page = office.get(f"/products?custom.{ask}&total=true&sort=name")
    assert "".join(row["name"] for row in page["items"]) == found
    assert page["total"] == len(found)


def filtered(served: Served) -> Office:
    """Give a company with four products, made once for each application."""
    office = OFFICES.get(id(served))
    if office is None:
        office = OFFICES[id(served)] = served.company()
        define_all(office, "products")
        for name, custom in {
            "a": {"size": 1, "weight": "1.5", "note": "Zoë", "fragile": True, "tested": "2026-11-21", "colour": "red"},
            "b": {
                "size": 2,
                "weight": "0.25",
                "note": "zoe",
                "fragile": False,
                "tested": "2025-01-01",
                "colour": "red",
            },
            "c": {"size": 10, "weight": "-1", "colour": "blue"},
            "d": {},
        }.items():
            office.product(name=name, custom=custom)
    return office


OFFICES: Final[dict[int, Office]] = {}


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        ("custom.siz=2", "fields.unknown"),
        ("custom.=2", "fields.unknown"),
        ("custom.size_like=2", "fields.unknown"),
        ("custom.size=two", "fields.bad_value"),
        ("custom.fragile=1", "fields.bad_value"),
        ("custom.fragile_gt=true", "fields.bad_filter"),
        ("custom.colour_lt=red", "fields.bad_filter"),
        ("custom.tested=yesterday", "fields.bad_value"),
    ],
)
@ON_SQLITE
def test_a_wrong_filter_is_400_and_names_what_there_is(served: Served, ask: str, code: str) -> None:
    """Demand 12: fails loudly."""
    reply = filtered(served).get(f"/products?{ask}")
    assert reply.refusal == (400, code)
    assert reply["errors"][0]["parameter"] == ask.partition("=")[0]
    if code == "fields.unknown":
        assert reply["facts"]["allowed"] == ", ".join(TYPES)


@ON_SQLITE
def test_a_list_without_custom_fields_knows_no_such_filter(office: Office) -> None:
    assert office.get("/stock-levels?custom.size=2").refusal == (400, "request.invalid_parameters")
    assert office.get("/products?custom.size=2").refusal == (400, "fields.unknown")


def test_pages_of_filtered_rows_neither_miss_nor_repeat(office: Office) -> None:
    define(office, "products", "size")
    made = [office.product(custom={"size": n % 2}) for n in range(7)]
    seen: list[int] = []
    after = ""
    while True:
        page = office.get(f"/products?custom.size=0&limit=2{after}")
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        assert "custom.size=0" in page.headers["link"]
        after = f"&after={page['next']}"
    assert seen == made[::2]


def test_a_name_that_ends_like_an_operator_means_itself(office: Office) -> None:
    define(office, "products", "size")
    define(office, "products", "size_gte", type="text")
    office.product(custom={"size": 5, "size_gte": "3"})
    assert len(office.items("/products?custom.size_gte=3")) == 1
    assert office.items("/products?custom.size_gte=4") == []


# --- speed ------------------------------------------------------------------------------------------------------------


def taken(office: Office, path: str, body: Any) -> list[str]:
    with tracing(office.served.container.database) as traces:
        office.make(path, body)
    return statements(traces)


@ON_SQLITE
def test_without_custom_values_nothing_is_read_or_written_for_them(office: Office) -> None:
    """Demand 14: a company that defined fields nobody must fill pays for them where it uses them only."""
    define_all(office, "products")
    names = taken(office, *product(office, {}))
    assert not [name for name in names if "custom" in name]


@ON_SQLITE
def test_all_values_of_an_object_take_two_statements(office: Office) -> None:
    define_all(office, "products")
    office.product()
    few = taken(office, *product(office, {"size": 3}))
    path, body = product(office, SAMPLE)
    many = taken(office, path, {**body, "ref": "Y"})
    assert len(few) == len(many)
    assert [name for name in many if "custom" in name] == ["select custom_fields.kind", "insert custom_values[6]"]


@ON_SQLITE
def test_a_demand_of_one_kind_costs_the_others_nothing(office: Office) -> None:
    define(office, "products", "colour", default="red")
    assert "select custom_fields.kind" in taken(office, *product(office, {}))
    assert not [name for name in taken(office, *warehouse(office, {})) if "custom" in name]


@ON_SQLITE
def test_a_page_filtered_by_custom_fields_takes_one_statement_more(served: Served) -> None:
    office = filtered(served)
    office.items("/products")
    with tracing(office.served.container.database) as traces:
        office.items("/products?custom.size=1&custom.colour=red")
    assert statements(traces) == ["select custom_fields.kind", "list products"]


@ON_SQLITE
def test_a_new_demand_is_noticed_when_the_caller_is_looked_up_again(office: Office) -> None:
    """Settings are believed for 30 s; a request that names custom values is checked against what holds now."""
    office.product()
    body = {"kind": "products", "name": "must", "label": "Must", "type": "text", "required": True}
    office.make("/custom-fields", body)
    assert office.post(*product(office, {"must": None})).pointers == ["/custom/must"]
    forget(office)
    assert office.post(*product(office, {})).pointers == ["/custom/must"]
