"""Those who may approve an order are told when nobody has answered in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from app.domain.identity import User
from app.domain.journal import Entry
from app.domain.mail import BadMailAddress, LetterKind, Mail, mail_address
from app.domain.sales import ApprovalEscalated
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import OrderId, UserId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.mail.asking import TellCustomers, ask
from app.usecases.ports.shared import Clock, Work

MOST: Final = 50
"""Colleagues who are told of one order."""


@dataclass(frozen=True, slots=True)
class TellApprovers:
    """Hears of orders whose approval is passed on, and has those told by mail who may approve them.

    Each gets a mail of his own, in the language of his account. Like ``TellCustomers`` it only writes rows, and what
    hinders it hinders nobody else: an address that is none is left out.
    """

    clock: Clock

    def __call__(self, work: Work, context: Context, entries: Sequence[Entry]) -> None:
        """Ask for the mails of one batch of events."""
        for entry in entries:
            if entry.event == ApprovalEscalated.name:
                self._tell(work, context, entry)

    def _tell(self, work: Work, context: Context, entry: Entry) -> None:
        try:
            party = work.orders.get(OrderId(entry.object_id)).party_id
        except NotFound:
            return
        for user in _approvers(work, context):
            try:
                to = str(mail_address(user.email))
            except BadMailAddress:
                continue
            mail = Mail(
                kind=LetterKind.APPROVAL,
                object_kind=ObjectKind.ORDERS,
                object_id=entry.object_id,
                party_id=party,
                to=(to,),
                locale=user.locale,
                actor_id=UserId(entry.actor),
                created_at=self.clock.now(),
            )
            ask(work, mail)


def tellers(clock: Clock) -> tuple[TellCustomers, TellApprovers]:
    """Give those who hear of events and have people told by mail."""
    return TellCustomers(clock), TellApprovers(clock)


def _approvers(work: Work, context: Context) -> Iterator[User]:
    """Give the first of those who may act for the company and approve its orders, by id."""
    people = work.users.colleagues(context.company)
    roles = work.roles.of(context.company, frozenset().union(*(held for _, held in people)))
    able = {number for number, role in roles.items() if Right.ORDERS_APPROVE in role.rights}
    found = (user for user, held in people if able & held)
    return islice(found, MOST)
