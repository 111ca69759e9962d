"""People and roles of a company, for tests over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from app.infrastructure.database.migrate import plain_engine
from app.usecases.context import Context
from tests.support.office import Office, Reply, Served, together


def admin_role(office: Office) -> int:
    """Give the id of the administrator's role."""
    (row,) = office.items("/roles?ready=administrator")
    return int(row["id"])


def role(office: Office, *rights: str, name: str = "role") -> int:
    """Enter a role and give its id."""
    return int(office.make("/roles", {"name": name, "rights": list(rights)})["id"])


def add(office: Office, email: str, *roles: int, **fields: Any) -> dict[str, Any]:
    """Add somebody and give the answer."""
    address = f"{email}{office.company}@example.com"
    return office.make("/users", {"email": address, "name": "Bob", "role_ids": list(roles), **fields})


def sign_in(served: Served, email: str, password: str, company: int | None = None) -> Any:
    """Give the answer to an attempt."""
    body: dict[str, Any] = {"email": email, "password": password}
    return served.http.post("/auth/token", json=body if company is None else {**body, "company": company})


def events(office: Office, name: str, area: str = "identity") -> list[dict[str, Any]]:
    """Give the payloads of the company's events of one name in an area, oldest first."""
    engine = plain_engine(office.served.container.settings.database_url)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT payload FROM outbox WHERE company_id = :company AND name = :name ORDER BY id"),
            {"company": office.company, "name": f"{area}.{name}"},
        )
        return [json.loads(row[0]) for row in found]


def second_company(office: Office) -> Office:
    """Give another company of the same installation."""
    return office.served.company()


def at_once(*requests: Callable[[], Reply]) -> list[Reply]:
    """Send several requests, let go at once, and give the answers in their order."""
    return together(len(requests), lambda n: requests[n]())


def me_of(office: Office) -> dict[str, Any]:
    """Give the caller as a user of the company."""
    found: dict[str, Any] = office.get(f"/users/{office.get('/me')['user']}").body
    return found


def context_of(office: Office) -> Context:
    """Give a context of the office's company with every right."""
    return office.served.container.context_of(office.company)


def fresh_office(office: Office) -> Office:
    """Give the same company signed in anew: the settings of a token may be half a minute old."""
    admin = office.get(f"/users/{office.get('/me')['user']}")["email"]
    return office.served.signed_in(office.company, admin)
