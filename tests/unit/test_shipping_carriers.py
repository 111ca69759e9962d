"""Carriers: whose addresses are sound, and where a parcel is followed whatever its number holds."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shared.errors import Required
from app.domain.shared.ids import CarrierId
from app.domain.shipping import BadTrackingUrl, Carrier, CarrierArchived
from app.infrastructure.database.tables.shipping import carriers, shipment_parcels
from tests.unit.test_schemas import length_of

pytestmark = pytest.mark.fast

IN_PATH: Final = "https://rapid.example/follow/{tracking}/now"
IN_QUERY: Final = "https://rapid.example/follow?parcel={tracking}&lang=fr"
IN_FRAGMENT: Final = "https://rapid.example/follow#{tracking}"
PRINTABLE: Final = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=100)


def carrier(template: str = "", **fields: Any) -> Carrier:
    return Carrier(id=CarrierId(2), name="Rapid", tracking_url=template, **fields)


@pytest.mark.parametrize(
    "template",
    [
        "",
        IN_PATH,
        IN_QUERY,
        IN_FRAGMENT,
        "HTTPS://RAPID.EXAMPLE/{tracking}",
        "https://rapid.example:8443/{tracking}",
        "https://rapid.example?{tracking}",
        "https://[2001:db8::1]/{tracking}",
        "https://rapid.example/a%20b/{tracking}",
        "https://rapid.example/~x/(1);v=2/{tracking}.html",
    ],
)
def test_an_address_of_https_with_one_place_after_the_host_is_sound(template: str) -> None:
    assert carrier(template).tracking_url == template


@pytest.mark.parametrize(
    "template",
    [
        " ",
        "{tracking}",
        "//rapid.example/{tracking}",
        "ftp://rapid.example/{tracking}",
        "data:text/html,{tracking}",
        "https:/rapid.example/{tracking}",
        "https://rapid.example{tracking}/",
        "https://rapid.example:{tracking}/",
        "https://rapid.example:99999/{tracking}",
        "https://user:pass@rapid.example/{tracking}",
        "https://user@rapid.example/{tracking}",
        "https://{tracking}@rapid.example/",
        "https://rapid.example\\@evil.example/{tracking}",
        "https://[2001:db8::1/{tracking}",
        "https://rapid.example/{TRACKING}",
        "https://rapid.example/{tracking",
        "https://rapid.example/{tracking}}",
        "https://rapid.example/<b>/{tracking}",
        'https://rapid.example/"{tracking}',
        "https://rapid.example/'{tracking}",
        "https://rapid.example/`{tracking}",
        "https://rapid.example/^{tracking}",
        "https://rapid.example/|{tracking}",
        "https://rapid.example/{tracking}\n",
        "https://rapid.example/\t{tracking}",
        "https://rapid.example/é/{tracking}",
        "https://rapid.example/{tracking}?again={tracking}",
    ],
)
def test_an_address_that_could_lead_elsewhere_or_nowhere_is_refused(template: str) -> None:
    """ERP-07: it becomes a link that employees and customers open."""
    with pytest.raises(BadTrackingUrl) as caught:
        carrier(template)
    assert (caught.value.at, caught.value.facts) == (("tracking_url",), {"place": "{tracking}"})


@given(number=PRINTABLE.filter(lambda number: number not in {".", ".."}))
def test_no_number_changes_where_its_address_leads(number: str) -> None:
    """Scheme, host and all other parts are the carrier's; what the carrier reads there is the number itself."""
    path = urlsplit(carrier(IN_PATH).follow(number) or "")
    assert (path.scheme, path.netloc, path.query, path.fragment) == ("https", "rapid.example", "", "")
    assert [unquote(part) for part in path.path.split("/")] == ["", "follow", number, "now"]
    query = urlsplit(carrier(IN_QUERY).follow(number) or "")
    assert (query.netloc, query.path, query.fragment) == ("rapid.example", "/follow", "")
    assert parse_qs(query.query, keep_blank_values=True) == {"parcel": [number], "lang": ["fr"]}


@pytest.mark.parametrize("number", [".", ".."])
def test_a_number_that_a_path_takes_for_a_step_is_followed_nowhere(number: str) -> None:
    """Dots cannot be escaped: a browser would drop a part of the carrier's path."""
    assert carrier(IN_PATH).follow(number) is None


def test_nothing_is_followed_without_an_address_or_a_number() -> None:
    assert carrier("").follow("RP1") is None
    assert carrier(IN_PATH).follow(None) is None


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_a_carrier_needs_a_name(name: str) -> None:
    with pytest.raises(Required) as caught:
        Carrier(name=name)
    assert caught.value.at == ("name",)


def test_a_change_tells_the_fields_that_differ_and_those_only() -> None:
    one = carrier(IN_PATH)
    event = one.change({"name": "Rapid", "tracking_url": IN_QUERY, "archived": True})
    assert event is not None
    assert event.facts() == {"id": 2, "fields": ("tracking_url", "archived")}
    assert (one.name, one.tracking_url, one.archived) == ("Rapid", IN_QUERY, True)


def test_a_change_to_what_it_is_already_is_none() -> None:
    one = carrier(IN_PATH, archived=True)
    assert one.change({"name": "Rapid", "tracking_url": IN_PATH, "archived": True}) is None
    assert one.change({}) is None


@pytest.mark.parametrize(
    ("changes", "error", "at"),
    [
        ({"name": " "}, Required, ("name",)),
        ({"tracking_url": "http://rapid.example/{tracking}"}, BadTrackingUrl, ("tracking_url",)),
        ({"archived": True, "tracking_url": "https://rapid.example/"}, BadTrackingUrl, ("tracking_url",)),
    ],
)
def test_a_change_is_held_to_the_same_rules(
    changes: dict[str, object], error: type[Exception], at: tuple[str, ...]
) -> None:
    with pytest.raises(error) as caught:
        carrier(IN_PATH).change(changes)
    assert getattr(caught.value, "at", None) == at


def test_an_archived_carrier_serves_no_more_and_one_called_back_does() -> None:
    one = carrier(archived=True)
    with pytest.raises(CarrierArchived) as caught:
        one.serves()
    assert (caught.value.at, caught.value.facts) == (("carrier_id",), {"carrier": 2})
    one.change({"archived": False})
    one.serves()


def test_the_longest_number_fits_at_the_end_of_the_longest_address() -> None:
    """What the API lets in has its place: every sign of a number may take three to be escaped."""
    longest = "https://rapid.example/{tracking}".ljust(length_of(carriers, "tracking_url"), "a")
    followed = carrier(longest).follow("%" * length_of(shipment_parcels, "tracking_number"))
    assert len(followed or "") <= length_of(shipment_parcels, "tracking_url")
