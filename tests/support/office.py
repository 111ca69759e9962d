"""A company of its own behind the real application and a real database; every answer is held against OpenAPI."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from app.api.route import API, Endpoint
from app.api.switchboard import endpoints
from app.bootstrap import Container, bootstrap
from app.domain.identity import Company, CompanySettings, User
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import Right
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.passwords import ArgonPasswords
from app.settings import Settings
from app.usecases.identity import AddMember, AddRole, NewCompany, NewMember, NewRole, SetUpCompany
from tests.support.api import CHEAP, PASSWORD, described
from tests.support.calling import Caller
from tests.support.lines import logging_as_it_was

_people: Final = count(1)
_NUMBER: Final = re.compile(r"/\d+")
_truths: Final[dict[tuple[str, int], Truth]] = {}
ON_SQLITE: Final = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
Body = Mapping[str, Any] | Sequence[Any]


class Reply:
    """An answer, read."""

    def __init__(self, status: int, headers: Mapping[str, str], body: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    @property
    def pointers(self) -> list[str]:
        """Give where the body was refused."""
        return [problem["pointer"] for problem in self.body.get("errors", ())]

    @property
    def refusal(self) -> tuple[int, str]:
        """Give status and code of a problem."""
        return self.status, self.body["code"]


def _read(answer: Any, path: str) -> Any:
    """Give the body: JSON read, the text of an export, any other file as its bytes; None when there is none."""
    kind = answer.headers.get("content-type", "")
    if ":export" in path and "problem" not in kind:
        return answer.content if "openxml" in kind else answer.text
    if not answer.content:
        return None
    return answer.json() if "json" in kind and "ndjson" not in kind else answer.content


@dataclass
class Truth:
    """The OpenAPI document as a judge of answers."""

    document: dict[str, Any]
    _validators: dict[tuple[str, str, int, str], Draft202012Validator | None] = field(default_factory=dict)

    def check(self, endpoint: Endpoint, reply: Reply) -> None:
        """Fail for an answer the document does not know, or whose body it describes otherwise."""
        media = reply.headers.get("content-type", "").partition(";")[0]
        key = (endpoint.path, endpoint.verb.lower(), reply.status, media)
        if key not in self._validators:
            self._validators[key] = self._validator(*key)
        validator = self._validators[key]
        if validator is None:
            assert reply.body is None, key
        elif isinstance(reply.body, bytes):
            assert validator.schema["type"] == "string"
        else:
            validator.validate(reply.body if isinstance(reply.body, (dict, list)) else str(reply.body))

    def _validator(self, path: str, verb: str, status: int, media_type: str) -> Draft202012Validator | None:
        answers = self.document["paths"][path][verb]["responses"]
        assert str(status) in answers, f"{verb} {path} answers {status}, which OpenAPI does not know"
        content = answers[str(status)].get("content")
        if content is None:
            return None
        media = content[media_type] if media_type in content else next(iter(content.values()))
        schema = {**media["schema"], "components": self.document["components"]}
        return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@dataclass
class Served:
    """The application on one database."""

    container: Container
    http: TestClient
    truth: Truth
    routes: tuple[Endpoint, ...]
    _found: dict[tuple[str, str], Endpoint] = field(default_factory=dict)

    def route(self, verb: str, path: str) -> Endpoint:
        """Give the endpoint that answers; paths that differ in their numbers alone lead to the same one."""
        key = verb, _NUMBER.sub("/0", path)
        if key not in self._found:
            self._found[key] = next(one for one in self.routes if one.verb == verb and one.path_regex.match(path))
        return self._found[key]

    def company(self, settings: CompanySettings | None = None) -> Office:
        """Set a company up and sign its administrator in."""
        email = f"admin{next(_people)}@example.com"
        admin = User(email=email, name="Admin", password_hash=CHEAP.hash(PASSWORD))
        new = NewCompany(name="Acme", country="FR", settings=settings or CompanySettings(), admin=admin)
        made: Company = self.container.call(SetUpCompany(), lambda: new)
        return self.signed_in(made.id, email)

    def clerk(self, company: CompanyId, rights: frozenset[Right]) -> Office:
        """Sign in somebody with these rights only."""
        email = f"clerk{next(_people)}@example.com"
        role = NewRole(company=company, name=email, rights=rights)
        self.container.call(AddRole(), lambda: role)
        user = User(email=email, name="Clerk", password_hash=CHEAP.hash(PASSWORD))
        self.container.call(AddMember(), lambda: NewMember(company=company, user=user, roles=(email,)))
        return self.signed_in(company, email)

    def signed_in(self, company: CompanyId, email: str) -> Office:
        """Give a client with a token of the account."""
        answer = self.http.post("/auth/token", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Office(self, company, {"authorization": f"Bearer {answer.json()['access_token']}"})


@contextmanager
def serving(
    settings: Settings, peer: str = "testclient", *, patience: float = 60.0, **replacements: Any
) -> Iterator[Served]:
    """Serve the application on the database of ``settings``; on a slow machine nobody is turned away or signed out.

    ``peer`` is the network address that clients come from; ``replacements`` take the place of what the composition root
    would build. ``patience`` is the wait for a thread or connection in seconds.
    """
    patient = settings.model_copy(update={"db_pool_timeout_s": patience, "jwt_lifetime_s": 3600})
    if peer == "testclient":  # all tests come from there, and some of them sign in wrongly
        patient = patient.model_copy(update={"sign_in_address_attempts": 100_000})
    with logging_as_it_was():
        container = bootstrap(patient, passwords=ArgonPasswords(CHEAP), **replacements)
    try:
        app = container.api()
        with Caller(app, base_url="http://tramita.test", peer=peer) as http:
            yield Served(container, http, _truth(app, container.settings), endpoints(app))
    finally:
        container.close()


def _truth(app: FastAPI, settings: Settings) -> Truth:
    """Give the judge of the application's answers, the same one for all whose documents are the same."""
    key = (settings.public_url, settings.batch_limit)
    usual = Settings.model_fields
    if key not in _truths:
        as_described = key == (usual["public_url"].default, usual["batch_limit"].default)
        _truths[key] = Truth((described() if as_described else app).openapi())
    return _truths[key]


@dataclass
class Office:
    """One company, as one person signed in there sees it over HTTP."""

    served: Served
    company: CompanyId
    headers: dict[str, str]
    _refs: Any = field(default_factory=lambda: count(1))

    def send(self, verb: str, path: str, body: Body | None = None, **headers: str) -> Reply:
        """Send a request to ``/api/v1`` + ``path``; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.served.http.request(verb, API + path, json=body, headers={**self.headers, **named})
        return self._checked(verb, path, answer)

    def _checked(self, verb: str, path: str, answer: Any) -> Reply:
        """Give the answer, read, once OpenAPI agrees with it."""
        reply = Reply(answer.status_code, answer.headers, _read(answer, path))
        self.served.truth.check(self.served.route(verb, (API + path).partition("?")[0]), reply)
        return reply

    def upload(
        self,
        path: str,
        content: bytes,
        name: str = "a.txt",
        media_type: str = "text/plain",
        verb: str = "POST",
        **headers: str,
    ) -> Reply:
        """Send a file as the form field ``file``."""
        named = {header.replace("_", "-"): value for header, value in headers.items()}
        form = {"file": (name, content, media_type)}
        answer = self.served.http.request(verb, API + path, files=form, headers={**self.headers, **named})
        return self._checked(verb, path, answer)

    def get(self, path: str, **headers: str) -> Reply:
        """Read."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Body | None = None, **headers: str) -> Reply:
        """Create or act."""
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Body, version: int) -> Reply:
        """Change what was seen at ``version``."""
        return self.send("PATCH", path, body, if_match=f'"{version}"')

    def put(self, path: str, body: Body, version: int) -> Reply:
        """Replace what was seen at ``version``."""
        return self.send("PUT", path, body, if_match=f'"{version}"')

    def delete(self, path: str, version: int) -> Reply:
        """Delete what was seen at ``version``."""
        return self.send("DELETE", path, if_match=f'"{version}"')

    def make(self, path: str, body: Body) -> dict[str, Any]:
        """Create, and give what was created."""
        reply = self.post(path, body)
        assert reply.status == 201, reply.body
        found: dict[str, Any] = reply.body
        return found

    def act(self, path: str, body: Body | None = None) -> dict[str, Any]:
        """Do something to an object, and give it as it is then."""
        reply = self.post(path, body)
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.body
        return found

    def items(self, path: str) -> list[dict[str, Any]]:
        """Give one page of a list."""
        reply = self.get(path)
        assert reply.status == 200, reply.body
        found: list[dict[str, Any]] = reply["items"]
        return found

    def customer(self, **fields: Any) -> int:
        """Enter a customer and give the id."""
        return int(self.make("/third-parties", {"name": "Client", "customer": True, **fields})["id"])

    def warehouse(self, **fields: Any) -> int:
        """Enter a warehouse and give the id; the first is the default."""
        ref = f"W{next(self._refs)}"
        return int(self.make("/warehouses", {"ref": ref, "name": ref, **fields})["id"])

    def product(self, stock: str | None = None, **fields: Any) -> int:
        """Enter a product for 10.00 at 20 % VAT, receive ``stock`` of it, and give the id."""
        ref = f"P{next(self._refs)}"
        body = {"ref": ref, "name": f"Product {ref}", "unit_price": "10", "cost_price": "4", "vat_rate": "20", **fields}
        made = int(self.make("/products", body)["id"])
        if stock is not None:
            self.act("/stock-movements", {"kind": "receive", "product_id": made, "quantity": stock})
        return made

    def proposal(
        self, lines: Sequence[Mapping[str, Any]], *, validated: bool = True, signed: bool = False, **fields: Any
    ) -> dict[str, Any]:
        """Enter a proposal to a new customer, or to ``party_id``; ``signed`` takes no option."""
        fields["party_id"] = fields.get("party_id") or self.customer()
        made = self.make("/proposals", {"lines": lines, **fields})
        if validated or signed:
            made = self.act(f"/proposals/{made['id']}/validate")
        return self.act(f"/proposals/{made['id']}/sign", {}) if signed else made

    def lapse(self, proposal: int) -> None:
        """Let the last day of an offer be long past; no request can, so its row is changed."""
        with plain_engine(self.served.container.settings.database_url).begin() as connection:
            days = "date = '2026-01-01', valid_until = '2026-01-02'"
            connection.exec_driver_sql(f"UPDATE proposals SET {days} WHERE id = {proposal}")

    def order(self, lines: Sequence[Mapping[str, Any]], *, validated: bool = True, **fields: Any) -> dict[str, Any]:
        """Enter an order of a new customer, or of ``party_id``."""
        fields.setdefault("party_id", None)
        fields["party_id"] = fields["party_id"] or self.customer()
        made = self.make("/orders", {"lines": lines, **fields})
        return self.act(f"/orders/{made['id']}/validate") if validated else made

    def invoice(self, gross: str = "100", *, validated: bool = True, **fields: Any) -> dict[str, Any]:
        """Enter an invoice of one line without VAT, of a new customer or of ``party_id``."""
        fields.setdefault("party_id", None)
        fields["party_id"] = fields["party_id"] or self.customer()
        made = self.make("/invoices", {"lines": [free_line(gross)], **fields})
        return self.act(f"/invoices/{made['id']}/validate") if validated else made

    def level(self, product: int) -> str:
        """Give what is in stock of a product kept in one warehouse."""
        (row,) = self.items(f"/stock-levels?product_id={product}")
        return str(row["quantity"])


@pytest.fixture(scope="session")
def served(database_settings: Settings) -> Iterator[Served]:
    """Give the application on each kind of database in turn; parametrise ``database_kind`` indirectly for fewer."""
    with serving(database_settings) as made:
        yield made


@pytest.fixture
def office(served: Served) -> Office:
    """Give a company of the test's own, with a warehouse, seen by its administrator."""
    made = served.company()
    made.warehouse()
    return made


def together(threads: int, do: Callable[[int], Reply]) -> list[Reply]:
    """Do something in as many threads, let go at once."""
    barrier = threading.Barrier(threads)

    def one(index: int) -> Reply:
        barrier.wait(30)
        return do(index)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def free_line(unit_price: str, **fields: Any) -> dict[str, Any]:
    """Give a line without a product and without VAT."""
    return {"description": "Work", "quantity": "1", "unit_price": unit_price, "vat_rate": "0", **fields}
