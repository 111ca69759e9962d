"""What is done with contacts, addresses and bank accounts of third parties.

Who enters or changes one locks the third party: it can neither be anonymised nor get a second preferred one meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from app.domain.parties import MOST, Party, TooManyBelongings
from app.domain.shared.ids import PartyId
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.parties import Belongings
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase, Versioned

CONTACTS = Listing(
    name="contacts",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="job", kind=FieldKind.TEXT),
        ListField(name="email", kind=FieldKind.TEXT, nullable=True),
        ListField(name="phone", kind=FieldKind.TEXT, nullable=True),
        ListField(name="active", kind=FieldKind.FLAG),
        ListField(name="roles", kind=FieldKind.TEXTS, filterable=False),
    ),
    default_sort=(Sort(field="id"),),
    search=(Found(Searched.CONTACT), Found(Searched.PARTY, "party_id")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfParty:
    """One belonging by its id, and of which third party the caller says it is; None: of any."""

    party: PartyId | None = None
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedOfParty(Versioned):
    """A belonging as the caller last saw it, and of which third party; None: of any."""

    party: PartyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOfParty(Change):
    """New values for some fields of a belonging, and of which third party it is; None: of any."""

    party: PartyId | None = None


def locked(work: Work, party: PartyId) -> Party:
    """Give a third party that nobody else changes until the end. Raises NotFound, Anonymised, PartyGone."""
    found = work.parties.get(party, lock=True)
    found.known()
    found.stands()
    return found


class _OfKind:
    """What the use cases of one kind share; each kind says where it is kept."""

    __slots__ = ()
    kept: ClassVar[str]

    def books(self, work: Work) -> Belongings[Any]:
        """Give where the kind is kept."""
        found: Belongings[Any] = getattr(work, self.kept)
        return found


class _Contacts(_OfKind):
    __slots__ = ()
    kept = "contacts"


class _Addresses(_OfKind):
    __slots__ = ()
    kept = "party_addresses"


class _Accounts(_OfKind):
    __slots__ = ()
    kept = "party_accounts"


class _Add(_OfKind):
    """Enter one more. Raises NotFound, Anonymised, PartyGone, TooManyBelongings, and what makes it unsound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.THIRD_PARTIES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Any) -> Any:  # noqa: ANN401 - one of three kinds
        """Store ``request`` and give it back with its id."""
        books = self.books(work)
        party = locked(work, request.party_id)
        request.check()
        if len(books.of(party.id)) >= MOST:
            raise TooManyBelongings(party=party.id, limit=MOST)
        books.add(request)
        if getattr(request, "preferred", False):
            books.prefer(request)
        work.outbox.add(request.added())
        return request


class _List(_OfKind):
    """List what belongs to a third party, oldest first. Raises NotFound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.THIRD_PARTIES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: PartyId) -> Sequence[Any]:
        """Give all of them."""
        return self.books(work).of(work.parties.get(request).id)


class _Read(_OfKind):
    """Show one. Raises NotFound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.THIRD_PARTIES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: OfParty) -> Any:  # noqa: ANN401 - one of three kinds
        """Give it."""
        return self.books(work).get(request.party, request.id)


class _Change(_OfKind):
    """Change the fields sent. Raises NotFound, Stale, and what makes it unsound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.THIRD_PARTIES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ChangeOfParty) -> Any:  # noqa: ANN401 - as above
        """Give it as it is now."""
        books = self.books(work)
        one: Any = books.get(request.party, request.id)
        locked(work, one.party_id)
        request.matches(one.version)
        if one.change(request.changes):
            books.save(one)
            if getattr(one, "preferred", False):
                books.prefer(one)
            work.outbox.add(one.changed())
        return one


class _Remove(_OfKind):
    """Remove one. Raises NotFound, Stale."""

    __slots__ = ()
    right: ClassVar[Right] = Right.THIRD_PARTIES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: VersionedOfParty) -> None:
        """Take it away."""
        books = self.books(work)
        one: Any = books.get(request.party, request.id)
        locked(work, one.party_id)
        request.matches(one.version)
        books.delete(one)
        work.outbox.add(one.removed())


class AddContact(_Add, _Contacts):
    """Enter a contact of a third party. Raises NotFound, Anonymised, PartyGone, TooManyBelongings, Required."""

    __slots__ = ()


class ListPartyContacts(_List, _Contacts):
    """List the contacts of a third party, oldest first. Raises NotFound."""

    __slots__ = ()


class ReadContact(_Read, _Contacts):
    """Show a contact. Raises NotFound."""

    __slots__ = ()


class ChangeContact(_Change, _Contacts):
    """Change the fields sent of a contact. Raises NotFound, Stale, Required."""

    __slots__ = ()


class RemoveContact(_Remove, _Contacts):
    """Remove a contact. Raises NotFound, Stale."""

    __slots__ = ()


class ListContacts(ListCase):
    """List contacts of all third parties."""

    __slots__ = ()
    right = Right.THIRD_PARTIES_READ
    listing = CONTACTS


class AddAddress(_Add, _Addresses):
    """Enter one more address of a third party; a preferred one takes the place of the one of its kind.

    Raises NotFound, Anonymised, PartyGone, TooManyBelongings, Required.
    """

    __slots__ = ()


class ListAddresses(_List, _Addresses):
    """List the addresses of a third party besides its own, oldest first. Raises NotFound."""

    __slots__ = ()


class ReadAddress(_Read, _Addresses):
    """Show an address. Raises NotFound."""

    __slots__ = ()


class ChangeAddress(_Change, _Addresses):
    """Change the fields sent of an address. Raises NotFound, Stale, Required."""

    __slots__ = ()


class RemoveAddress(_Remove, _Addresses):
    """Remove an address. Raises NotFound, Stale."""

    __slots__ = ()


class AddBankAccount(_Add, _Accounts):
    """Enter a bank account of a third party; the BIC is derived where the bank is known.

    Raises NotFound, Anonymised, PartyGone, TooManyBelongings, Taken, BadIban, BadBic, BadMandate, Required.
    """

    __slots__ = ()


class ListBankAccounts(_List, _Accounts):
    """List the bank accounts of a third party, oldest first. Raises NotFound."""

    __slots__ = ()


class ReadBankAccount(_Read, _Accounts):
    """Show a bank account of a third party. Raises NotFound."""

    __slots__ = ()


class ChangeBankAccount(_Change, _Accounts):
    """Change the fields sent of a bank account; another IBAN without a BIC derives it anew.

    Raises NotFound, Stale, Taken, BadIban, BadBic, BadMandate, Required.
    """

    __slots__ = ()


class RemoveBankAccount(_Remove, _Accounts):
    """Remove a bank account of a third party. Raises NotFound, Stale."""

    __slots__ = ()
