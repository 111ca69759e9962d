"""What a company's papers say of it, and how they look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from app.domain.papers import ACCENT, Format, Window
from app.domain.shared.errors import Invalid, NotFound
from app.domain.shared.ids import BankAccountId

LOGO_BYTES: Final = 1_000_000
"""Most that is taken as an image file; what is kept of it is smaller."""
LOGO_PIXELS: Final = 25_000_000
"""Most pixels of an image that is taken: 100 MB in memory."""
LOGO_SIDE: Final = 1200
"""Pixels of the longer side of a logo that is kept: 10 cm at 300 dpi."""
_COLOUR: Final = re.compile(r"[0-9a-f]{6}")


class BadColour(Invalid):
    """The colour is not six hexadecimal digits."""

    code = "identity.bad_colour"


class BadLogo(Invalid):
    """The file is no picture that can be a logo: a whole PNG or JPEG that does not move."""

    code = "identity.bad_logo"


class LogoTooLarge(Invalid):
    """The picture has more pixels than a logo may have."""

    code = "identity.logo_too_large"


class NoLogo(NotFound):
    """The company has no logo."""

    code = "identity.no_logo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What a company's papers say of it besides its name, and how they look; empty is left out.

    ``legal_name`` goes before the company's name, ``street`` and ``footer`` are lines. ``registration`` is the whole
    text, court and number, ``capital`` that of the share capital. ``invoice_notes`` are legal mentions below each
    invoice, ``no_vat_reason`` says why there is no VAT where the rate is zero. ``bank_account`` is where invoices are
    to be paid, ``locale`` the language of papers to whom no other is known for. ``logo`` is the SHA-256 of its file.
    """

    legal_name: str = ""
    street: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    vat_number: str = ""
    registration: str = ""
    capital: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    accent: str = ACCENT
    footer: tuple[str, ...] = ()
    window: Window = Window.LEFT
    format: Format = Format.A4
    invoice_notes: tuple[str, ...] = ()
    no_vat_reason: str = ""
    bank_account: BankAccountId | None = None
    locale: str = ""
    logo: str = ""

    def changed(self, changes: Mapping[str, Any]) -> Letterhead:
        """Give this one with the named fields changed; None gives one back what it is in a new company.

        Raises BadColour with ``at``.
        """
        values = {name: getattr(PLAIN, name) if value is None else value for name, value in changes.items()}
        if "accent" in values:
            values["accent"] = values["accent"].lower()
            if not _COLOUR.fullmatch(values["accent"]):
                raise BadColour(at=("accent",), colour=values["accent"])
        return replace(self, **values)

    def facts(self) -> dict[str, object]:
        """Give what differs from a new company's as plain values by field."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in told.items()
            if value != getattr(PLAIN, name)
        }

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Letterhead:
        """Give the letterhead that ``facts`` tell; what they do not know is as in a new company."""
        if not facts:
            return PLAIN
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()
        }
        for name, kind in (("window", Window), ("format", Format)):
            if name in values:
                values[name] = kind(values[name])
        return cls(**values)


PLAIN: Final = Letterhead()
