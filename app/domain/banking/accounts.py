"""Bank accounts of a company, and what every account number must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import BankAccountId
from app.domain.shared.money import Currency

HOLDER_LENGTH: Final = 70
"""Characters of a name in SEPA messages (EPC implementation guidelines, Max70Text)."""
_CREDITOR: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9+?/:().,'-]{1,28}")


class BadIban(Invalid):
    """The account number is no IBAN: length, bank or check digits are wrong."""

    code = "banking.bad_iban"


class BadBic(Invalid):
    """The bank's code is no BIC."""

    code = "banking.bad_bic"


class BadCreditorId(Invalid):
    """The creditor's identifier for direct debits is none, or its check digits are wrong."""

    code = "banking.bad_creditor_id"


class AccountArchived(Conflict):
    """The bank account is archived: nothing new goes through it."""

    code = "banking.account_archived"


class AccountCurrency(Conflict):
    """The bank account is kept in another currency."""

    code = "banking.account_currency"


def iban(text: str) -> str:
    """Give an IBAN without blanks, in capitals. Raises BadIban with ``at``."""
    try:
        return str(IBAN(text, validate_bban=False))
    except SchwiftyException as error:
        raise BadIban(at=("iban",)) from error


def bic(text: str) -> str:
    """Give a BIC in capitals, nothing for nothing: SEPA needs none. Raises BadBic with ``at``."""
    try:
        return str(BIC(text)) if text else ""
    except SchwiftyException as error:
        raise BadBic(at=("bic",)) from error


def creditor_id(text: str) -> str:
    """Give an identifier of creditors in capitals, nothing for nothing. Raises BadCreditorId with ``at``.

    Its check digits cover country and national part, not the business code (EPC262-08, ISO 7064 MOD 97-10).
    """
    plain = text.replace(" ", "").upper()
    if not plain:
        return ""
    if not _CREDITOR.fullmatch(plain):
        raise BadCreditorId(at=("creditor_id",))
    national = re.sub(r"[^A-Z0-9]", "", plain[7:])
    digits = "".join(str(int(letter, 36)) for letter in national + plain[:4])
    if int(digits) % 97 != 1:
        raise BadCreditorId(at=("creditor_id",))
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountCreated(Event):
    """A bank account was entered."""

    name: ClassVar[str] = "banking.account_created"
    aggregate: ClassVar[str] = "bank_account"
    id: BankAccountId
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountChanged(Event):
    """Fields of a bank account were changed."""

    name: ClassVar[str] = "banking.account_changed"
    aggregate: ClassVar[str] = "bank_account"
    id: BankAccountId
    fields: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class BankAccount:
    """An account of the company's own; ``creditor_id`` is its name for collecting direct debits, if it has one."""

    id: BankAccountId = BankAccountId(0)
    label: str
    holder: str
    iban: str
    bic: str = ""
    currency: Currency
    creditor_id: str = ""
    archived: bool = False
    version: int = 0

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Write the numbers in their one form. Raises Required, BadIban, BadBic, BadCreditorId."""
        for name in ("label", "holder"):
            if not getattr(self, name).strip():
                raise Required(at=(name,))
        self.iban, self.bic, self.creditor_id = iban(self.iban), bic(self.bic), creditor_id(self.creditor_id)

    def created(self) -> BankAccountCreated:
        """Give the event of its entry, once it has an id."""
        return BankAccountCreated(id=self.id, label=self.label)

    def change(self, changes: Mapping[str, object]) -> BankAccountChanged | None:
        """Set the named fields; None when nothing differs. Raises as ``check``."""
        before = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        self.check()
        fields = tuple(sorted(name for name, value in before.items() if value != getattr(self, name)))
        return BankAccountChanged(id=self.id, fields=fields) if fields else None

    def usable(self) -> None:
        """Pass only an account that may still be named. Raises AccountArchived."""
        if self.archived:
            raise AccountArchived(at=("account_id",), account=self.label)

    def serves(self, currency: Currency) -> None:
        """Pass only what may be used for ``currency``. Raises AccountArchived, AccountCurrency."""
        self.usable()
        if self.currency != currency:
            code = self.currency.code
            raise AccountCurrency(at=("account_id",), account=self.label, kept_in=code, wanted=currency.code)
