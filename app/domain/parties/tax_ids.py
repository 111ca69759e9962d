"""Tax numbers, checked by the rules of their country (python-stdnum)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stdnum import get_cc_module
from stdnum.eu import vat as eu
from stdnum.exceptions import ValidationError

from app.domain.shared.errors import Invalid

_FORMS: Final = {
    "AT": "ATU12345675",
    "BE": "BE0428759497",
    "BG": "BG175074752",
    "CY": "CY10259033P",
    "CZ": "CZ25123891",
    "DE": "DE136695976",
    "DK": "DK13585628",
    "EE": "EE100931558",
    "ES": "ESB58378431",
    "FI": "FI20774740",
    "FR": "FR40303265045",
    "GR": "EL094259216",
    "HR": "HR33392005961",
    "HU": "HU12892312",
    "IE": "IE6433435F",
    "IT": "IT00743110157",
    "LT": "LT119511515",
    "LU": "LU15027442",
    "LV": "LV40003521600",
    "MT": "MT11679112",
    "NL": "NL004495445B01",
    "PL": "PL8567346215",
    "PT": "PT501964843",
    "RO": "RO18547290",
    "SE": "SE123456789701",
    "SI": "SI50223054",
    "SK": "SK2022749619",
}
"""By member state of the EU: a number of the form VIES knows."""

_PREFIXES: Final = {"GR": "EL"}
_BESIDES: Final = {
    "BR": ("cpf",),
    "DE": ("stnr", "idnr"),
    "FR": ("siren", "siret"),
    "IT": ("codicefiscale",),
    "US": ("ein", "tin"),
}
"""By country: numbers that are taken as well, by their modules in python-stdnum."""


class BadTaxId(Invalid):
    """The tax number is not one of its country."""

    code = "parties.bad_tax_id"


def tax_id(country: str, value: str) -> str:
    """Give a tax number in its compact form, of a member state of the EU with the prefix VIES knows.

    ``country`` is an ISO 3166-1 alpha-2 code. Of a country without known rules, or of none, the number is given back as
    it is. Who sits in the EU may have a number of another member state. Raises BadTaxId, which names a good one or the
    kinds of number the country has.
    """
    checks = list(_checks(country))
    if not checks:
        return value
    if country in _FORMS:
        found = _passed(eu, value)
        if found is not None:
            return _PREFIXES.get(found[:2], found[:2]) + found[2:]
    for index, check in enumerate(checks):
        found = _passed(check, value)
        if found is not None:
            bare = index == 0 and country in _FORMS
            return _PREFIXES.get(country, country) + found if bare else found
    names = ", ".join(str(check.__name__).rpartition(".")[2].upper() for check in checks)
    raise BadTaxId(at=("tax_id",), country=country, expected=_FORMS.get(country, names))


def _checks(country: str) -> Iterator[Any]:
    for name in ("vat", *_BESIDES.get(country, ())):
        module = get_cc_module(country.lower(), name) if country else None
        if module is not None:
            yield module


def _passed(check: Any, value: str) -> str | None:  # noqa: ANN401 - a module of python-stdnum
    try:
        return str(check.validate(value))
    except ValidationError:
        return None
