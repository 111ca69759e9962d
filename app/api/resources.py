"""Use cases as resources of tasks: what a step gives is the body of a request, what it gets is its answer (ASL-05).

A resource is made of the endpoint that offers the use case over HTTP, so that both take and give the same. Which ones
there are is listed here, by hand: never what makes users, roles, keys or credentials, nor settings of a company.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Final

import orjson
from pydantic import BaseModel, TypeAdapter

from app.api.create import ROUTERS
from app.api.provide import Provided, expected_version
from app.api.refusals import BadInput, FieldProblem, NoSuchPath, TooManyLines
from app.api.route import Endpoint
from app.api.routers import sales
from app.api.validation import refused
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.resources import PREFIX, Doing, Resource

OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "third-parties.create": "create_third_party",
        "third-parties.change": "change_third_party",
        "third-parties.merge": "merge_third_party",
        "third-parties.anonymise": "anonymise_third_party",
        "third-parties.set-categories": "set_party_categories",
        "third-parties.add-address": "add_third_party_address",
        "third-parties.change-address": "change_third_party_address",
        "third-parties.remove-address": "remove_third_party_address",
        "third-parties.add-bank-account": "add_third_party_bank_account",
        "third-parties.change-bank-account": "change_third_party_bank_account",
        "third-parties.remove-bank-account": "remove_third_party_bank_account",
        "third-parties.send-statement": "send_statement",
        "contacts.add": "add_contact",
        "contacts.change": "change_contact",
        "contacts.remove": "remove_contact",
        "payment-terms.create": "create_payment_terms",
        "payment-terms.change": "change_payment_terms",
        "products.create": "create_product",
        "products.change": "change_product",
        "products.set-barcodes": "set_barcodes",
        "products.set-packagings": "set_packagings",
        "products.set-components": "set_components",
        "products.set-supplier-prices": "set_supplier_prices",
        "products.set-categories": "set_product_categories",
        "products.make-variants": "make_variants",
        "categories.create": "create_category",
        "categories.change": "change_category",
        "categories.delete": "delete_category",
        "attributes.create": "create_attribute",
        "attributes.change": "change_attribute",
        "attributes.delete": "delete_attribute",
        "units.create": "create_unit",
        "units.change": "change_unit",
        "units.delete": "delete_unit",
        "vat-rates.create": "create_vat_rate",
        "vat-rates.change": "change_vat_rate",
        "vat-rates.delete": "delete_vat_rate",
        "price-lists.create": "create_price_list",
        "price-lists.change": "change_price_list",
        "price-lists.delete": "delete_price_list",
        "prices.create": "create_list_price",
        "prices.create-for-third-party": "create_party_price",
        "prices.change": "change_price",
        "prices.delete": "delete_price",
        "warehouses.create": "create_warehouse",
        "warehouses.change": "change_warehouse",
        "stock.move": "move_stock",
        "stock.transfer": "transfer_stock",
        "lots.create": "create_lot",
        "lots.change": "change_lot",
        "locations.create": "create_location",
        "locations.change": "change_location",
        "locations.place-products": "place_products",
        "stock-rules.create": "create_stock_rule",
        "stock-rules.change": "change_stock_rule",
        "stock-rules.delete": "delete_stock_rule",
        "inventories.create": "create_inventory",
        "inventories.open": "open_inventory",
        "inventories.count": "count_inventory",
        "inventories.post": "post_inventory",
        "inventories.cancel": "cancel_inventory",
        "proposals.create": "create_proposal",
        "proposals.change": "change_proposal",
        "proposals.delete": "delete_proposal",
        "proposals.validate": "validate_proposal",
        "proposals.sign": "sign_proposal",
        "proposals.refuse": "refuse_proposal",
        "proposals.expire": "expire_proposal",
        "proposals.reopen": "reopen_proposal",
        "proposals.cancel": "cancel_proposal",
        "proposals.bill": "bill_proposal",
        "proposals.revise": "revise_proposal",
        "proposals.copy": "copy_proposal",
        "proposals.order": "order_proposal",
        "proposals.invoice": "invoice_proposal",
        "proposals.send": "send_proposal",
        "orders.create": "create_order",
        "orders.change": "change_order",
        "orders.delete": "delete_order",
        "orders.validate": "validate_order",
        "orders.approve": "approve_order",
        "orders.refuse": "refuse_order",
        "orders.cancel": "cancel_order",
        "orders.close": "close_order",
        "orders.close-short": "close_order_short",
        "orders.reopen": "reopen_order",
        "orders.redraft": "redraft_order",
        "orders.bill": "bill_order",
        "orders.unbill": "unbill_order",
        "orders.amend": "amend_order",
        "orders.ship": "create_shipment",
        "orders.invoice": "invoice_order",
        "orders.charge-deposit": "charge_deposit",
        "orders.send": "send_order",
        "shipments.change": "change_shipment",
        "shipments.delete": "delete_shipment",
        "shipments.validate": "validate_shipment",
        "shipments.close": "close_shipment",
        "shipments.cancel": "cancel_shipment",
        "shipments.return": "return_shipment",
        "shipments.send": "send_shipment",
        "returns.create": "create_return",
        "returns.delete": "delete_return",
        "returns.validate": "validate_return",
        "returns.close": "close_return",
        "returns.cancel": "cancel_return",
        "carriers.create": "create_carrier",
        "carriers.change": "change_carrier",
        "invoices.create": "create_invoice",
        "invoices.change": "change_invoice",
        "invoices.delete": "delete_invoice",
        "invoices.validate": "validate_invoice",
        "invoices.abandon": "abandon_invoice",
        "invoices.close": "close_invoice",
        "invoices.reopen": "reopen_invoice",
        "invoices.credit": "credit_invoice",
        "invoices.deduct-deposit": "deduct_deposit",
        "invoices.replace": "replace_invoice",
        "invoices.invoice": "invoice_pro_forma",
        "invoices.charge-late-fee": "charge_late_fee",
        "invoices.pay": "pay_invoice",
        "invoices.write-off": "write_off_invoice",
        "invoices.send": "send_invoice",
        "invoice-templates.create": "create_invoice_template",
        "invoice-templates.change": "change_invoice_template",
        "invoice-templates.delete": "delete_invoice_template",
        "invoice-templates.pause": "pause_invoice_template",
        "invoice-templates.resume": "resume_invoice_template",
        "invoice-templates.run": "run_invoice_template",
        "payments.create": "create_payment",
        "payments.reverse": "reverse_payment",
        "bank-accounts.create": "create_bank_account",
        "bank-accounts.change": "change_bank_account",
        "cheque-deposits.create": "create_cheque_deposit",
        "sepa-orders.create": "create_sepa_order",
        "sepa-orders.generate": "generate_sepa_order",
        "sepa-orders.settle": "settle_sepa_order",
        "sepa-orders.cancel": "cancel_sepa_order",
        "mails.resend": "resend_mail",
        "mails.cancel": "cancel_mail",
    }
)
"""By the name of a resource the operation that it is."""
INNER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "orders.await-approval.waitForTaskToken": "await_approval",
        "orders.settle-approval": "settle_approval",
    }
)
"""Likewise those that only an execution can mean: they are served to nobody."""
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_VERSION: Final = {"type": "integer", "minimum": 0, "description": "The version the change is based on"}


class Noting:
    """Handed to an endpoint in place of its ``Run``: notes what would be run, and how it would be shown."""

    def __init__(self, context: Context, most: int) -> None:
        self.context = context
        self._most = most
        self.build: Callable[[], Any] = tuple
        self.present: Callable[[Any], BaseModel | None] = _nothing

    def limit(self, lines: Sized | None, name: str = "lines") -> None:
        """Pass only a document of at most so many lines. Raises TooManyLines at ``name``."""
        if lines is not None and len(lines) > self._most:
            raise TooManyLines(at=(name,), limit=self._most)

    def __call__(
        self,
        build: Callable[[], Any],
        present: Callable[[Any], BaseModel | None],
        *,
        location: str | None = None,  # noqa: ARG002 - where it lies is of no use to a step
    ) -> None:
        """Note it."""
        self.build, self.present = build, present

    def show(self, result: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Give a result as the answer would have it, null for an answer without a body."""
        shown = self.present(result)
        return None if shown is None else orjson.loads(shown.model_dump_json())


class Operation:
    """One endpoint as a step sees it: path, version and body are one object."""

    def __init__(self, name: str, endpoint: Endpoint) -> None:
        entry = endpoint.entry
        assert isinstance(entry, Provided)  # noqa: S101 - what runs a use case is entered so
        assert entry.right is not None  # noqa: S101 - nothing public is listed
        self.right: Right = entry.right
        self.case = entry.case
        self._name = name
        self._endpoint = endpoint
        self._version = next(
            (one.name for one in endpoint.dependant.dependencies if one.call is expected_version), None
        )

    @cached_property
    def resource(self) -> Resource:
        """What is told of it."""
        answer = self._endpoint.responses.get(self._endpoint.status_code or 200, {}).get("model")
        given = {"type": "null"} if answer is None else answer.model_json_schema(mode="serialization")
        about = " ".join((self._endpoint.description or "").partition("\n\n")[0].split())
        output = {"$schema": _DIALECT, **given}
        return Resource(name=self._name, about=about, right=self.right, input=self._input(), output=output)

    def _input(self) -> dict[str, Any]:
        body = self._endpoint.body_field
        schema = {} if body is None else _schema(body.field_info.annotation)
        own: dict[str, Any] = {
            field.alias: _schema(Annotated[field.field_info.annotation, field.field_info])
            for field in self._endpoint.dependant.path_params
        }
        if self._version is not None:
            own["version"] = _VERSION
        return {
            "$schema": _DIALECT,
            **schema,
            "type": "object",
            "properties": {**own, **schema.get("properties", {})},
            "required": [*own, *schema.get("required", ())],
            "additionalProperties": False,
        }

    def note(self, argument: Any, noting: Noting) -> None:  # noqa: ANN401 - any JSON value
        """Have the endpoint say what it would run. Raises BadInput, TooManyLines, and Invalid leaves."""
        if not isinstance(argument, dict):
            raise BadInput([FieldProblem("validation.type")])
        rest = dict(argument)
        wrong: list[Any] = []
        values: dict[str, Any] = {}
        for name, value, errors in [*self._of_path(rest), *self._of_version(rest), *self._of_body(rest)]:
            values[name] = value
            wrong += errors
        if wrong:
            raise refused(wrong)
        self._endpoint.endpoint(**values, run=noting)

    def _of_path(self, rest: dict[str, Any]) -> Iterator[tuple[str, Any, Sequence[Any]]]:
        for field in self._endpoint.dependant.path_params:
            place = ("body", field.alias)
            if field.alias not in rest:
                yield field.name, None, [{"type": "missing", "loc": place}]
                continue
            value, errors = field.validate(rest.pop(field.alias), {}, loc=place)
            yield field.name, value, errors or ()

    def _of_version(self, rest: dict[str, Any]) -> Iterator[tuple[str, Any, Sequence[Any]]]:
        if self._version is not None:
            value = rest.pop("version", None)
            sound = type(value) is int and value >= 0
            yield self._version, value, () if sound else ({"type": "int_type", "loc": ("body", "version")},)

    def _of_body(self, rest: dict[str, Any]) -> Iterator[tuple[str, Any, Sequence[Any]]]:
        body = self._endpoint.body_field
        if body is not None:
            value, errors = body.validate(rest, {}, loc=("body",))
            yield body.name, value, errors or ()
        elif rest:
            yield "", None, [{"type": "extra_forbidden", "loc": ("body", name)} for name in rest]


class ApiResources:
    """The resources there are, made of the endpoints of the API."""

    def __init__(self, cases: Mapping[type[Any], Any], lines_limit: int) -> None:
        self._cases = cases
        self._most = lines_limit
        routers = (*ROUTERS, *sales.INNER)
        known = {route.name: route for router in routers for route in router.routes if isinstance(route, Endpoint)}
        self._operations = {
            PREFIX + name: Operation(PREFIX + name, known[operation])
            for name, operation in {**OPERATIONS, **INNER}.items()
        }

    def all(self) -> Sequence[Resource]:
        """Give them by name."""
        return [self._operations[name].resource for name in sorted(self._operations)]

    def right(self, name: str) -> Right | None:
        """Give what whoever does it must hold; None when there is no such resource."""
        found = self._operations.get(name)
        return None if found is None else found.right

    def prepare(self, name: str, argument: Any, context: Context) -> Doing:  # noqa: ANN401 - any JSON value
        """Read the input of a step. Raises NoSuchPath, BadInput, TooManyLines, and Invalid leaves."""
        operation = self._operations.get(name)
        if operation is None:
            raise NoSuchPath
        noting = Noting(context, self._most)
        operation.note(argument, noting)
        return Doing(self._cases[operation.case], noting.build, noting.show)


def _schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - what a field is annotated with
    return dict(TypeAdapter[Any](kind).json_schema())


def _nothing(_result: Any) -> None:  # noqa: ANN401 - any result
    """Show nothing."""
