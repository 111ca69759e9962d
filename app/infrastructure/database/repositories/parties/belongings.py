"""Contacts, addresses and bank accounts of third parties in SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Table, bindparam, delete, insert, select, update

from app.domain.parties import Address, Belonging, Contact, ContactRole, PartyAccount, PartyAddress
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import PartyId
from app.domain.shared.search import Searched
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.parties import contacts, party_accounts, party_addresses
from app.infrastructure.database.tables.search import search_words
from app.usecases.context import Context

Kept = TypeVar("Kept", bound=Belonging)
_ADDRESS: Final = ("street", "postal_code", "city", "region", "country")


class _Kind(Generic[Kept]):
    """How one kind is stored: its statements, prepared once, and the way from row to object and back.

    ``group`` are the columns within which one of a third party's is preferred.
    """

    def __init__(
        self,
        table: Table,
        noun: str,
        fields: Sequence[str],
        make: Callable[[dict[str, Any]], Kept],
        values: Callable[[Kept], dict[str, Any]],
        group: Sequence[str] | None = None,
    ) -> None:
        self.noun = noun
        self.make = make
        self.values = values
        self.names = ("id", "party_id", "version", *fields)
        self.group = group
        columns = tuple(table.c[name] for name in self.names)
        mine = table.c.company_id == bindparam("company")
        theirs = table.c.party_id == bindparam("party")
        one = table.c.id == bindparam("key")
        seen = table.c.version == bindparam("seen")
        stored: dict[str, Any] = {name: bindparam(name) for name in fields}
        new: dict[str, Any] = {name: bindparam(name) for name in ("company_id", "party_id", "version")}
        self.of = prepare(select(*columns).where(mine, theirs).order_by(table.c.id), f"select {table.name}.of")
        self.get = prepare(select(*columns).where(mine, one))
        self.insert = prepare(insert(table).values({**new, **stored}))
        self.update = prepare(update(table).where(mine, one, seen).values({"version": bindparam("now"), **stored}))
        self.delete = prepare(delete(table).where(mine, one, seen))
        self.forget = prepare(delete(table).where(mine, theirs), f"delete {table.name}.of")
        if group is not None:
            others = (mine, theirs, table.c.id != bindparam("key"), table.c.preferred == bindparam("was"))
            within = (table.c[name] == bindparam(name) for name in group)
            self.prefer = prepare(
                update(table)
                .where(*others, *within)
                .values(preferred=bindparam("preferred", type_=table.c.preferred.type), version=table.c.version + 1),
                f"update {table.name}.preferred",
            )


class _SqlBelongings(Generic[Kept]):
    """What belongs to third parties of the context's company, of one kind."""

    _kind: _Kind[Kept]

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def of(self, party: PartyId) -> Sequence[Kept]:
        """Give what belongs to a third party, oldest first."""
        return [self._made(row) for row in self._session.all(self._kind.of, company=self._company, party=party)]

    def get(self, party: PartyId | None, key: int) -> Kept:
        """Give one of them, of the third party if that is said. Raises NotFound."""
        row = self._session.one(self._kind.get, company=self._company, key=key)
        if row is None or party not in {None, row[1]}:
            raise NotFound(kind=self._kind.noun, id=key)
        return self._made(row)

    def add(self, one: Kept) -> None:
        """Store a new one and set its id. Raises Taken."""
        values = self._kind.values(one)
        with taken(self._unique(one)):
            key = self._session.insert(
                self._kind.insert, company_id=self._company, party_id=one.party_id, version=1, **values
            )
        one.id, one.version = key, 1  # type: ignore[attr-defined]

    def save(self, one: Kept) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        seen = one.version
        with taken(self._unique(one)):
            stored = self._session.run(
                self._kind.update, **self._one(one), seen=seen, now=seen + 1, **self._kind.values(one)
            )
        if not stored:
            raise Stale(seen=seen)
        one.version = seen + 1

    def delete(self, one: Kept) -> None:
        """Remove one of that version. Raises Stale."""
        if not self._session.run(self._kind.delete, **self._one(one), seen=one.version):
            raise Stale(seen=one.version)

    def prefer(self, one: Kept) -> None:
        """Let no other of its group be the preferred one."""
        if self._kind.group is None:
            return
        group = {name: getattr(one, name) for name in self._kind.group}
        self._session.run(self._kind.prefer, **self._one(one), party=one.party_id, was=True, preferred=False, **group)

    def forget(self, party: PartyId) -> None:
        """Remove all that belongs to a third party."""
        self._session.run(self._kind.forget, company=self._company, party=party)

    def _made(self, row: tuple[Any, ...]) -> Kept:
        return self._kind.make(dict(zip(self._kind.names, row, strict=True)))

    def _one(self, one: Kept) -> dict[str, Any]:
        return {"company": self._company, "key": one.id}  # type: ignore[attr-defined]

    def _unique(self, one: Kept) -> Mapping[str, tuple[str, object]]:  # noqa: ARG002 - a kind may have one
        return {}


_CONTACT: Final = ("name", "job", "email", "phone", "active", "roles")


def _contact(row: dict[str, Any]) -> Contact:
    return Contact(**{**row, "roles": tuple(ContactRole(role) for role in row["roles"])})


def _contact_values(one: Contact) -> dict[str, Any]:
    return {**{name: getattr(one, name) for name in _CONTACT}, "roles": [role.value for role in one.roles]}


_CONTACTS: Final = _Kind(contacts, "contact", _CONTACT, _contact, _contact_values)
_CONTACT_TEXTS: Final = texts_in(Searched.CONTACT, _CONTACTS.names)
_FORGET_WORDS = prepare(
    delete(search_words).where(
        search_words.c.company_id == bindparam("company"),
        search_words.c.kind == Searched.CONTACT.value,
        search_words.c.object_id.in_(
            select(contacts.c.id).where(
                contacts.c.company_id == bindparam("company"), contacts.c.party_id == bindparam("party")
            )
        ),
    ),
    "delete search_words.contacts",
)


class SqlContacts(_SqlBelongings[Contact]):
    """Contacts, in rows of ``contacts``, with the words they are found by."""

    _kind = _CONTACTS

    def __init__(self, session: Session, context: Context) -> None:
        super().__init__(session, context)
        self._words = SqlWords(session, context.company, Searched.CONTACT)

    def add(self, one: Contact) -> None:
        """Store a new contact and set its id."""
        super().add(one)
        self._words.add(one.id, _contact_values(one))

    def save(self, one: Contact) -> None:
        """Store changes and move the version. Raises Stale."""
        super().save(one)
        self._words.save(one.id, _contact_values(one))

    def delete(self, one: Contact) -> None:
        """Remove a contact of that version. Raises Stale."""
        super().delete(one)
        self._words.remove(one.id)

    def forget(self, party: PartyId) -> None:
        """Remove all contacts of a third party."""
        self._session.run(_FORGET_WORDS, company=self._company, party=party)
        super().forget(party)

    def _made(self, row: tuple[Any, ...]) -> Contact:
        self._words.saw(row[0], _CONTACT_TEXTS(row))
        return super()._made(row)


def _address(row: dict[str, Any]) -> PartyAddress:
    address = Address(**{name: row.pop(name) for name in _ADDRESS})
    return PartyAddress(address=address, **row)


def _address_values(one: PartyAddress) -> dict[str, Any]:
    own = {"label": one.label, "kind": one.kind, "preferred": one.preferred}
    return {**own, **{name: getattr(one.address, name) for name in _ADDRESS}}


class SqlPartyAddresses(_SqlBelongings[PartyAddress]):
    """Addresses, in rows of ``party_addresses``."""

    _kind = _Kind(
        party_addresses,
        "address",
        ("label", "kind", "preferred", *_ADDRESS),
        _address,
        _address_values,
        ("kind",),
    )


_ACCOUNT: Final = ("holder", "iban", "bic", "preferred", "mandate_ref", "mandate_date")


class SqlPartyAccounts(_SqlBelongings[PartyAccount]):
    """Bank accounts, in rows of ``party_accounts``."""

    _kind = _Kind(
        party_accounts,
        "bank account",
        _ACCOUNT,
        lambda row: PartyAccount(**row),
        lambda one: {name: getattr(one, name) for name in _ACCOUNT},
        (),
    )

    def _unique(self, one: PartyAccount) -> Mapping[str, tuple[str, object]]:
        # Without the number: the refusal is logged.
        return {"uq_party_accounts_company_id_party_id_iban": ("iban", one.iban[:2])}
