"""Whose request it is, by network address."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.api.addresses import Proxies
from app.api.create import create_app
from app.settings import Settings
from tests.support.api import container

pytestmark = pytest.mark.fast
TRUSTED = ("10.0.0.0/8", "fd00::/8")


def client(peer: str, *headers: tuple[str, str], trusted: tuple[str, ...] = TRUSTED) -> str:
    return Proxies(trusted).client(peer, [(name.encode(), value.encode()) for name, value in headers])


def test_without_trusted_proxies_the_header_is_ignored() -> None:
    """ERP-13: anybody can write a header."""
    assert client("10.0.0.1", ("x-forwarded-for", "203.0.113.9"), trusted=()) == "10.0.0.1"
    assert client("198.51.100.1", ("x-forwarded-for", "203.0.113.9")) == "198.51.100.1"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9, 10.2.3.4", "203.0.113.9"),
        ("10.9.9.9, 10.2.3.4", "10.9.9.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, rubbish", "10.0.0.1"),
        ("1.1.1.1, unknown, 10.2.3.4", "10.2.3.4"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
    ],
)
def test_the_nearest_address_no_trusted_proxy_stands_for_is_the_clients(value: str, address: str) -> None:
    """ERP-13: read from the right; what the client wrote itself stands further left."""
    assert client("10.0.0.1", ("x-forwarded-for", value)) == address


def test_several_headers_are_one_list() -> None:
    assert client("10.0.0.1", ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")) == "203.0.113.9"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('for=1.1.1.1, proto=https;For="[2001:db8::1]:80"', "2001:db8::1"),
        ("for=1.1.1.1, for=10.2.3.4;by=10.0.0.1", "1.1.1.1"),
        ("for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_forwarded_is_read_where_the_older_header_is_missing(value: str, address: str) -> None:
    """RFC 7239."""
    assert client("fd00::1", ("forwarded", value)).replace("fd00::1", "10.0.0.1") == address


def test_a_list_without_end_is_not_read_to_its_end() -> None:
    assert client("10.0.0.1", ("x-forwarded-for", "203.0.113.9" + ", 10.1.1.1" * 5000)) == "10.1.1.1"


def test_what_is_no_network_is_refused_at_start() -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"trusted_proxies": "10.0.0.0/8, proxy.example.com"})
    assert Settings.model_validate({"trusted_proxies": "10.0.0.0/8, ::1"}).trusted_proxies == ("10.0.0.0/8", "::1")


@pytest.mark.parametrize(("trusted", "address"), [("127.0.0.1", "203.0.113.9"), ("", "127.0.0.1")])
def test_the_use_cases_are_told_the_clients_address(trusted: str, address: str) -> None:
    """ERP-08: the context of a request knows where it comes from."""
    house = container(trusted_proxies=trusted)
    with TestClient(create_app(house), client=("127.0.0.1", 1)) as http:
        http.post(
            "/auth/token",
            json={"email": "ann@example.com", "password": "x"},
            headers={"x-forwarded-for": "203.0.113.9"},
        )
    assert house.works.last_context is not None
    assert house.works.last_context.address == address
