"""Credit notes: what they take back of an invoice, so that all of them together take back exactly what it charged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from app.domain.billing.invoices import Invoice, InvoiceKind, InvoiceLine
from app.domain.sales import LineQuantity
from app.domain.shared.errors import Conflict, Invalid, UnknownReference
from app.domain.shared.ids import InvoiceId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import EXACT, Amount, Price, Quantity, Rate, convert
from app.domain.shared.totals import VatMode
from app.domain.shipping import Return

ZERO: Final = Decimal(0)
Group = tuple[Rate, InvoiceId | None]
"""What is taxed together: a VAT rate, apart from each deposit deducted at it, whose tax was another invoice's."""
HUNDRED: Final = Decimal(100)
RETURN_ID: Final = ("return_id",)
CREDITABLE: Final = (InvoiceKind.STANDARD, InvoiceKind.DEPOSIT, InvoiceKind.REPLACEMENT)


class OverCredited(Conflict):
    """More would be credited than was invoiced and is not credited yet."""

    code = "billing.over_credited"


class NothingToCredit(Conflict):
    """Everything the invoice charged is credited already."""

    code = "billing.nothing_to_credit"


class NotReplaceable(Conflict):
    """Only an unpaid invoice on which nothing was paid or credited is replaced."""

    code = "billing.not_replaceable"


class CreditNotPositive(Invalid):
    """What is credited must be above zero."""

    code = "billing.credit_not_positive"


class RateTwice(Invalid):
    """The VAT rate stands twice in the credit note."""

    code = "billing.rate_twice"


class PositionTwice(Invalid):
    """The line stands twice in the credit note."""

    code = "billing.position_twice"


class ReturnElsewhere(Conflict):
    """The return is another customer's, or of another order."""

    code = "billing.return_elsewhere"


class ReturnNotBack(Conflict):
    """Money is given back for a return once its goods are back."""

    code = "billing.return_not_back"


class ReturnCreditedBefore(Conflict):
    """Another credit note names the return already."""

    code = "billing.return_credited"


class Part(NamedTuple):
    """So much of the source's line at ``position``; ``quantity`` is above zero."""

    position: int
    quantity: Quantity


class RatePart(NamedTuple):
    """So much of what was charged at one VAT rate: ``net``, above zero, in the document's currency."""

    rate: Rate
    net: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Four sums in one: net and tax, in the document's and the company's currency."""

    net: Decimal = ZERO
    vat: Decimal = ZERO
    company_net: Decimal = ZERO
    company_vat: Decimal = ZERO

    @classmethod
    def of(cls, line: InvoiceLine) -> Share:
        """Give the amounts of one line; its tax only where the line has one of its own."""
        if line.vat is None:
            return cls(net=line.net, company_net=line.company_net)
        return cls(net=line.net, vat=line.vat, company_net=line.company_net, company_vat=line.company_vat or ZERO)

    def __add__(self, other: Share) -> Share:
        return Share(
            net=self.net + other.net,
            vat=self.vat + other.vat,
            company_net=self.company_net + other.company_net,
            company_vat=self.company_vat + other.company_vat,
        )

    def __neg__(self) -> Share:
        return Share(net=-self.net, vat=-self.vat, company_net=-self.company_net, company_vat=-self.company_vat)

    def __sub__(self, other: Share) -> Share:
        return self + -other


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """What the credit notes of an invoice take back of one of its lines, or of a group when ``position`` is None.

    All are sums of the lines of credit notes, so quantities and amounts are below zero for a line above it.
    """

    position: int | None
    group: Group
    quantity: Decimal
    share: Share


def repayable(source: Invoice, back: Return) -> None:
    """Pass only a return that a credit note of ``source`` may name; one of no order may be of any.

    Raises ReturnElsewhere, ReturnNotBack, ReturnCreditedBefore.
    """
    if back.party_id != source.party_id or back.order_id not in {None, source.order_id}:
        raise ReturnElsewhere(at=RETURN_ID, return_id=back.id, invoice=source.id)
    if not back.back:
        raise ReturnNotBack(at=RETURN_ID, return_id=back.id, state=back.state.value)
    if back.credit_note_id is not None:
        raise ReturnCreditedBefore(at=RETURN_ID, return_id=back.id, credit_note=back.credit_note_id)


def charged_by(invoice: Invoice) -> Mapping[Group, Share]:
    """Give what an invoice charges by group; the shares sum to its totals in both currencies."""
    found: dict[Group, Share] = {}
    given: dict[Rate, Decimal] = {}
    for line in invoice.lines:
        share = Share.of(line)
        given[line.vat_rate] = given.get(line.vat_rate, ZERO) + share.vat
        group = (line.vat_rate, line.deposit_id)
        found[group] = found.get(group, Share()) + share
    valuation = invoice.valuation
    for tax in invoice.vat:
        if computed := tax.vat - given.get(tax.rate, ZERO):
            company = computed if _own(valuation) else convert(computed, valuation.rate, valuation.company_currency)
            found[tax.rate, None] += Share(vat=computed, company_vat=company)
    return found


def left_of(source: Invoice, taken: Iterable[Credited]) -> dict[Group, Share]:
    """Give what an invoice charges by group, less what credit notes ``taken`` together take back."""
    left = dict(charged_by(source))
    for one in taken:
        left[one.group] += one.share
    return left


def _own(valuation: Valuation) -> bool:
    return valuation.currency == valuation.company_currency and valuation.rate == 1


@dataclass(slots=True)
class CreditNoteLines:
    """Makes the lines of a credit note of ``source``, knowing what others ``taken`` back before.

    A part is computed as any line is; whoever takes the last of a line gets what is left of its net, and the last of a
    VAT rate what is left of its tax. So the sum over all credit notes is what was charged, to the cent and per rate.
    """

    source: Invoice
    taken: Sequence[Credited]
    lines: list[InvoiceLine] = field(default_factory=list)
    _by_line: dict[int, Credited] = field(default_factory=dict)
    _left: dict[Group, Share] = field(default_factory=dict)
    _by_amount: bool = False

    def __post_init__(self) -> None:
        self._left = left_of(self.source, self.taken)
        for one in self.taken:
            if one.position is None:
                self._by_amount = True
            else:
                self._by_line[one.position] = one

    def whole(self) -> list[InvoiceLine]:
        """Take back all that is left. Raises NothingToCredit."""
        self._open()
        for line in self.source.lines:
            if rest := self._rest(line):
                self._line(line, Quantity(abs(rest)))
        for group, left in self._left.items():
            # What was credited by amount is part of the lines that are taken back in full here.
            if net := left.net + self._made(group).net:
                self._add(group[0], "", Share(net=-net, company_net=-left.company_net - self._made(group).company_net))
        return self._taxed()

    def returned(self, wanted: Iterable[LineQuantity]) -> list[InvoiceLine]:
        """Take back so much of what each line of the order is charged by; positions are the order's.

        Where several lines charge for one, the first are taken back first. Raises OverCredited, NothingToCredit with
        ``at`` the return.
        """
        self._open(at=RETURN_ID)
        asked: dict[int, Decimal] = {}
        for one in wanted:
            asked[one.position] = asked.get(one.position, ZERO) + one.quantity
        found = [part for position, quantity in asked.items() for part in self._charging(position, quantity)]
        try:
            return self.parts(found)
        except OverCredited as error:  # of the rate, when some of it was credited by amount
            raise OverCredited(at=RETURN_ID, **error.facts) from None

    def parts(self, wanted: Sequence[Part]) -> list[InvoiceLine]:
        """Take back these quantities. Raises OverCredited, UnknownReference, PositionTwice with ``at``."""
        seen: set[int] = set()
        for index, part in enumerate(wanted):
            line = self._source_line(part.position, at=("lines", index, "position"))
            if part.position in seen:
                raise PositionTwice(at=("lines", index, "position"), position=part.position)
            seen.add(part.position)
            at = ("lines", index, "quantity")
            if part.quantity <= 0:
                raise CreditNotPositive(at=at, value=part.quantity)
            if part.quantity > abs(self._rest(line)):
                raise OverCredited(at=at, left=abs(self._rest(line)))
            self._line(line, part.quantity)
            self._within((line.vat_rate, line.deposit_id), at)
        return self._taxed()

    def amounts(self, wanted: Sequence[RatePart], description: str) -> list[InvoiceLine]:
        """Take back these net amounts. Raises OverCredited, UnknownReference, RateTwice, CreditNotPositive."""
        seen: set[Rate] = set()
        for index, part in enumerate(wanted):
            if (part.rate, None) not in self._left:
                raise UnknownReference(at=("amounts", index, "vat_rate"), kind="VAT rate", value=part.rate)
            if part.rate in seen:
                raise RateTwice(at=("amounts", index, "vat_rate"), rate=part.rate)
            seen.add(part.rate)
            at = ("amounts", index, "net")
            net = self.source.valuation.currency.round(part.net)
            if net <= 0 or net != part.net:
                raise CreditNotPositive(at=at, value=part.net)
            self._add(part.rate, description, Share(net=-net, company_net=-self._converted(net)))
            self._within((part.rate, None), at)
        return self._taxed()

    def _open(self, at: tuple[str | int, ...] = ()) -> None:
        """Pass only when something is left. Raises NothingToCredit."""
        if (self._by_line or self._by_amount) and not any(left != Share() for left in self._left.values()):
            raise NothingToCredit(at=at, invoice=self.source.id)

    def _charging(self, position: int, quantity: Decimal) -> list[Part]:
        """Give what is left of the lines that charge for a line of the order, ``quantity`` in all."""
        found: list[Part] = []
        missing = quantity
        for line in self.source.lines:
            taken = min(missing, abs(self._rest(line)))
            if line.order_position == position and taken:
                found.append(Part(line.position, Quantity(taken)))
                missing -= taken
        if missing:
            raise OverCredited(at=RETURN_ID, left=quantity - missing)
        return found

    def _source_line(self, position: int, at: tuple[str | int, ...] = ()) -> InvoiceLine:
        if not 1 <= position <= len(self.source.lines):
            raise UnknownReference(at=at, kind="invoice line", value=position)
        return self.source.lines[position - 1]

    def _rest(self, line: InvoiceLine) -> Decimal:
        """Give the quantity not credited yet; below zero for a line that deducts."""
        before = self._by_line.get(line.position)
        return line.quantity + (ZERO if before is None else before.quantity)

    def _line(self, line: InvoiceLine, quantity: Quantity) -> None:
        """Take back ``quantity`` of a line, of the sign opposite to its own."""
        before = self._by_line.get(line.position)
        taken = Share() if before is None else before.share
        sign = -1 if line.quantity < 0 else 1
        if quantity == abs(self._rest(line)):
            net, company = line.net + taken.net, line.company_net + taken.company_net
        else:
            exact = EXACT.multiply(sign * quantity, line.unit_price)
            exact = EXACT.divide(EXACT.multiply(exact, HUNDRED - line.discount), HUNDRED)
            net = _between(self.source.valuation.currency.round(exact), line.net + taken.net)
            company = _between(self._converted(net), line.company_net + taken.company_net)
        self.lines.append(
            InvoiceLine(
                position=len(self.lines) + 1,
                order_position=line.order_position,
                source_position=line.position,
                deposit_id=line.deposit_id,
                product_id=line.product_id,
                kind=line.kind,
                description=line.description,
                quantity=Quantity(-sign * quantity),
                unit_price=line.unit_price,
                discount=line.discount,
                vat_rate=line.vat_rate,
                unit_cost=line.unit_cost,
                net=Amount(-net),
                company_net=Amount(-company),
            )
        )

    def _add(self, rate: Rate, description: str, share: Share) -> None:
        """Add a line of no line's own: one piece at its net."""
        sign = -1 if share.net < 0 else 1
        self.lines.append(
            InvoiceLine(
                position=len(self.lines) + 1,
                kind=LineKind.SERVICE,
                description=description or self.source.ref,
                quantity=Quantity(Decimal(sign)),
                unit_price=Price(abs(share.net)),
                vat_rate=rate,
                net=Amount(share.net),
                company_net=Amount(share.company_net),
            )
        )

    def _converted(self, net: Decimal) -> Amount:
        valuation = self.source.valuation
        return Amount(net) if _own(valuation) else convert(net, valuation.rate, valuation.company_currency)

    def _of(self, group: Group) -> list[InvoiceLine]:
        return [line for line in self.lines if (line.vat_rate, line.deposit_id) == group]

    def _made(self, group: Group) -> Share:
        mine = self._of(group)
        return Share(
            net=sum((line.net for line in mine), ZERO), company_net=sum((line.company_net for line in mine), ZERO)
        )

    def _within(self, group: Group, at: tuple[str | int, ...]) -> None:
        """Pass only when no more is taken back of a group than was charged. Raises OverCredited."""
        left, taken = self._left[group].net, -self._made(group).net
        if _between(taken, left) != taken:
            raise OverCredited(at=at, left=abs(left))

    def _taxed(self) -> list[InvoiceLine]:
        """Put the tax on the lines: of each rate as it is computed for a document, or all that is left of it."""
        per_line = self.source.valuation.vat_mode is VatMode.PER_LINE
        for group, left in self._left.items():
            mine = self._of(group)
            if not mine:
                continue
            made = -self._made(group)
            vat, company, company_net = left.vat, left.company_vat, left.company_net
            if made.net != left.net or not self._complete(group):
                company_net = _between(made.company_net, left.company_net)
                parts = [-line.net for line in mine] if per_line else [made.net]
                vat = _between(sum((self._percent(part, group[0]) for part in parts), ZERO), left.vat)
                company = _between(self._converted(vat), left.company_vat)
            # Each line was converted by itself: together they may come to a cent more than is left.
            mine[-1].company_net = Amount(mine[-1].company_net + made.company_net - company_net)
            self._spread(mine, Amount(-vat), Amount(-company))
        return self.lines

    def _complete(self, group: Group) -> bool:
        """Tell whether nothing is left of the group's lines, or it is credited by amount."""
        now = {line.source_position: line.quantity for line in self._of(group)}
        return (
            self._by_amount
            or None in now
            or not any(
                self._rest(line) + now.get(line.position, ZERO)
                for line in self.source.lines
                if (line.vat_rate, line.deposit_id) == group
            )
        )

    def _percent(self, base: Decimal, rate: Rate) -> Amount:
        return self.source.valuation.currency.round(EXACT.divide(EXACT.multiply(base, rate), HUNDRED))

    def _spread(self, lines: Sequence[InvoiceLine], vat: Amount, company: Amount) -> None:
        """Put the tax on the lines in the order of their net; the last takes what rounding left."""
        own, foreign = self.source.valuation.currency, self.source.valuation.company_currency
        whole = sum((line.net for line in lines), ZERO)
        vat_left, company_left = Decimal(vat), Decimal(company)
        for line in lines[:-1]:
            line.vat = own.round(EXACT.divide(EXACT.multiply(vat, line.net), whole)) if whole else Amount(ZERO)
            share = EXACT.divide(EXACT.multiply(company, line.net), whole) if whole else ZERO
            line.company_vat = foreign.round(share)
            vat_left -= line.vat
            company_left -= line.company_vat
        lines[-1].vat, lines[-1].company_vat = Amount(vat_left), Amount(company_left)


def _between(value: Decimal, bound: Decimal) -> Amount:
    """Give ``value``, held between zero and ``bound``."""
    low, high = min(ZERO, bound), max(ZERO, bound)
    return Amount(min(max(value, low), high))
