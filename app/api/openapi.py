"""The OpenAPI 3.1 document: FastAPI's, with servers, security, shared problems and lists added."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any, Final

from fastapi.openapi.utils import get_openapi

from app import __version__
from app.api.batch import BatchProvided
from app.api.examples import example_of
from app.api.export import ExportProvided, export_parameters, export_responses
from app.api.listing import ListProvided
from app.api.listing_schema import list_parameters, page_name, page_schemas
from app.api.reporting import ReportProvided, report_answer, report_schemas
from app.api.route import Endpoint
from app.api.schemas.shared import FieldProblemOut, Problem

DESCRIPTION: Final = """\
Proposals, orders, shipments, invoices and payments of a company.

Sign in with `POST /auth/token`; every other call needs the bearer token. Amounts are decimal strings, dates
`YYYY-MM-DD`, instants RFC 3339 in UTC. Changes need `If-Match` with the version seen; a `POST` may carry an
`Idempotency-Key` and is then done once however often it is sent. Errors are `application/problem+json` with a stable
`code`."""
TAGS: Final = (
    ("identity", "Signing in, and who is signed in"),
    ("api-keys", "How programs get in"),
    ("aws-credentials", "How programs made for AWS Step Functions get in, at POST /aws/"),
    ("users", "People of the company"),
    ("roles", "What they may do"),
    ("company", "The company itself, and how it works"),
    ("third-parties", "Customers and suppliers"),
    ("contacts", "People to talk to at third parties"),
    ("payment-terms", "When invoices are due"),
    ("products", "What is sold and stocked"),
    ("warehouses", "Where stock is kept"),
    ("stock", "Levels and movements"),
    ("workflows", "Processes as state machines: definitions, versions, aliases"),
    ("executions", "Runs of workflows, and messages to them"),
    ("proposals", "What is offered to customers"),
    ("orders", "Customers' orders"),
    ("shipments", "What leaves the warehouse for an order"),
    ("returns", "What comes back from customers"),
    ("carriers", "Who brings parcels"),
    ("invoices", "What customers owe"),
    ("payments", "What customers paid"),
    ("catalogue", "Prices, VAT, units, categories, attributes, and what hangs on products"),
    ("banking", "Bank accounts of the company, slips of cheques, orders to banks"),
    ("mails", "Documents sent by mail, and what became of it"),
    ("custom-fields", "What a company adds to its objects"),
    ("papers", "Documents as they are printed"),
    ("attachments", "Files kept with objects"),
    ("reports", "Sums over the books"),
    ("chains", "Proof that numbered documents are as they were sealed"),
    ("journal", "What happened: the change feed and the audit"),
    ("jobs", "Work done beside the requests"),
    ("health", "Probes"),
)
ABOUT_BEARER: Final = "An access token from /auth/token or /auth/refresh, or an API key"
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name for this request, kept for 24 hours: sent again, it gives the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An ETag; the answer is 304 when the object still has that version.",
    "schema": {"type": "string"},
}


CUSTOM_FILTERS: Final = (
    "\n\nCustom fields filter as `custom.<name>=value`; numbers, dates and texts also with `_ne`, `_lt`, `_lte`, `_gt` "
    "and `_gte` after the name (`custom.size_gte=3`), flags and choices with `_ne`."
)


def document(routes: Sequence[Endpoint], public_url: str, batch_limit: int) -> dict[str, Any]:
    """Give the OpenAPI document of ``routes``; ``public_url`` is told as its server, the empty one as relative."""
    written: dict[str, Any] = get_openapi(
        title="Tramita",
        version=__version__,
        description=DESCRIPTION,
        contact={"name": "Whoever operates this installation"},
        license_info={"name": "All rights reserved", "identifier": "LicenseRef-All-Rights-Reserved"},
        routes=routes,
        tags=_tags(routes),
        servers=[{"url": public_url or "/"}],
        separate_input_output_schemas=False,
    )
    components = written.setdefault("components", {})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": ABOUT_BEARER}
    }
    components["parameters"] = {"IdempotencyKey": IDEMPOTENCY_KEY, "IfNoneMatch": IF_NONE_MATCH}
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in (FieldProblemOut, Problem):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    _name_limits(schemas)
    for route in routes:
        if isinstance(route.entry, BatchProvided):
            schemas[route.entry.sent.__name__]["properties"]["items"]["maxItems"] = batch_limit
        _complete(written["paths"], schemas, route)
    return written


_LIMITS: Final = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def _name_limits(tree: Any) -> None:  # noqa: ANN401 - any part of the document
    """Call limits what JSON Schema calls them: where we read a value ourselves, pydantic leaves its own names."""
    named = tree if isinstance(tree, dict) else {}
    for name in _LIMITS.keys() & named.keys():
        if isinstance(named[name], Number):
            named[_LIMITS[name]] = named.pop(name)
    for part in tree if isinstance(tree, list) else named.values():
        _name_limits(part)


def _tags(routes: Sequence[Endpoint]) -> list[dict[str, Any]]:
    used = {tag for route in routes for tag in route.tags}
    return [{"name": name, "description": about} for name, about in TAGS if name in used]


def _shows_version(route: Endpoint) -> bool:
    """Tell whether a GET answers with an ETag: an object with its version, or a file."""
    if route.path.endswith(("/content", "/pdf", "/logo")):
        return True
    model = route.responses.get(200, {}).get("model")
    return model is not None and "version" in model.model_fields


def _complete(paths: dict[str, Any], schemas: dict[str, Any], route: Endpoint) -> None:
    """Add to one operation what FastAPI cannot know: list parameters, entity tags, that If-Match is required."""
    operation = paths[route.path][route.verb.lower()]
    if 422 not in route.responses:
        operation["responses"].pop("422", None)  # FastAPI's own for parameters, which are 400 here
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter.get("name") == "If-Match":
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "pattern": '^"(0|[1-9][0-9]{0,17})"$', "examples": ['"3"']}
    _tell_answer(operation, parameters, schemas, route)
    for name, deprecation in route.marked.items():
        marked = [operation] if name is None else [one for one in parameters if one.get("name") == name]
        for one in marked:
            one.update(deprecation.schema())
    if not parameters:
        del operation["parameters"]
    operation.setdefault("security", [])
    _show_bodies(operation, schemas)


def _tell_answer(
    operation: dict[str, Any], parameters: list[dict[str, Any]], schemas: dict[str, Any], route: Endpoint
) -> None:
    """Add what a list, an export, a report or an object with a version takes and answers."""
    if isinstance(route.entry, ListProvided):
        listing = route.entry.listing
        parameters.extend(list_parameters(listing))
        schemas.update(page_schemas(listing))
        if listing.customized:
            operation["description"] += CUSTOM_FILTERS
        operation["responses"]["200"] = {
            "description": "One page",
            "headers": {"Link": {"description": "The next page, as rel=next", "schema": {"type": "string"}}},
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{page_name(listing)}"}}},
        }
    elif isinstance(route.entry, ExportProvided):
        parameters.extend(export_parameters(route.entry.listing))
        operation["responses"]["200"] = export_responses(route.entry.listing)
    elif isinstance(route.entry, ReportProvided):
        schemas.update(report_schemas(route.entry.listing))
        operation["responses"]["200"] = report_answer(route.entry.listing)
    elif route.verb == "GET" and _shows_version(route):
        parameters.append({"$ref": "#/components/parameters/IfNoneMatch"})
        operation["responses"]["304"] = {"description": "The object still has the version named"}


def _show_bodies(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Give each JSON body an example."""
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        if media_type.endswith("json"):
            body.setdefault("example", example_of(body["schema"], schemas))
