"""Proposals in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Integer, bindparam, delete, literal_column, select, union_all, update

from app.domain.sales import Follower, FollowerKind, Proposal, ProposalLine, ProposalState
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import ProposalId
from app.domain.shared.search import Searched
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import (
    PRICED,
    TOTALS,
    VALUED,
    NewDocuments,
    by_id,
    line_fields,
    line_values,
    lines_of,
    locking,
    locking_many,
    provisional,
    totals_of,
    totals_values,
    valuation_of,
    valuation_values,
    vat_of,
)
from app.infrastructure.database.repositories.search import SqlWords, texts_in
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import update_rows
from app.infrastructure.database.tables.billing import invoices
from app.infrastructure.database.tables.sales import orders, proposal_lines
from app.infrastructure.database.tables.sales import proposals as p
from app.infrastructure.database.types import LONG_TEXT
from app.usecases.context import Context

_HEADER: Final = (
    "ref",
    "external_ref",
    "party_id",
    "date",
    "valid_until",
    "revision",
    "revises_id",
    "refusal",
    "signed_on",
    "note",
    "custom",
)
_COLUMNS: Final = ("id", "version", "status", *_HEADER, *VALUED, *TOTALS)
_LINE: Final = (*PRICED, "optional", "chosen")
_STORED: Final = ("status", *_HEADER, *VALUED, *TOTALS)
_STATE: Final = ("status", "ref", "valid_until", "refusal", "signed_on")
_TEXTS: Final = texts_in(Searched.PROPOSAL, _COLUMNS)
_MINE: Final = (p.c.company_id == bindparam("company_id"), p.c.id == bindparam("document"))

_GET = prepare(by_id(p, _COLUMNS))
_LOCK = locking(p, _COLUMNS)
_FORMER = prepare(by_id(p, ("revises_id",)), "select proposals.revises")
_LATER = prepare(
    select(p.c.id).where(p.c.company_id == bindparam("company_id"), p.c.revises_id == bindparam("document")),
    "select proposals.later",
)
_LINES = lines_of(proposal_lines, "proposal_id", _LINE)
_FOLLOWERS = prepare(
    union_all(
        *(
            select(literal_column(f"'{kind.value}'", LONG_TEXT).label("kind"), t.c.id, t.c.status)
            .where(t.c.company_id == bindparam("company_id"), t.c.proposal_id == bindparam("document"))
            .order_by(t.c.id)
            .subquery()
            .select()
            for kind, t in ((FollowerKind.ORDER, orders), (FollowerKind.INVOICE, invoices))
        )
    ),
    "select followers of proposals",
)
_LAPSED = prepare(
    select(p.c.id)
    .where(
        p.c.company_id == bindparam("company_id"),
        p.c.status == ProposalState.VALIDATED.value,
        p.c.valid_until < bindparam("today"),
    )
    .order_by(p.c.valid_until, p.c.id)
    .limit(bindparam("most", type_=Integer())),
    "select proposals.lapsed",
)
_LOCK_HEADERS = locking_many(p, _COLUMNS)
_NEW = NewDocuments(
    p,
    ("version", *(name for name in _STORED if name != "ref")),
    proposal_lines,
    _LINE,
    owner="proposal_id",
)
_UPDATE = prepare(
    update(p)
    .where(*_MINE, p.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _STORED}})
)
_UPDATE_STATE = prepare(
    update(p)
    .where(*_MINE, p.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _STATE}}),
    "update proposals.status",
)
_UPDATE_STATES = prepare_many(update_rows(p, ("status",), match=("id", "version"), versioned=True))
_DELETE = prepare(delete(p).where(*_MINE, p.c.version == bindparam("seen")))
_DELETE_LINES = prepare(
    delete(proposal_lines).where(
        proposal_lines.c.company_id == bindparam("company_id"), proposal_lines.c.proposal_id == bindparam("document")
    )
)


class SqlProposals:
    """Proposals of the context's company, in rows of ``proposals`` and ``proposal_lines``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company
        self._words = SqlWords(session, context.company, Searched.PROPOSAL)

    def get(self, proposal: ProposalId, *, lock: bool = False) -> Proposal:
        """Give a proposal, locked until the end of the transaction if asked. Raises NotFound."""
        row = self._row(proposal, lock=lock)
        self._words.saw(row[0], _TEXTS(row))
        whole = _header(row)
        found = self._session.all(_LINES, company_id=self._company, document=proposal)
        whole.lines = [ProposalLine(**line_fields(line), optional=line[-2], chosen=line[-1]) for line in found]
        counted = [line for line in whole.lines if line.counted]
        whole.vat = vat_of(counted, whole.valuation) if counted else ()
        if whole.state is not ProposalState.DRAFT:  # nothing is made from a draft
            whole.followers = self._followers(proposal)
        return whole

    def _row(self, proposal: ProposalId, *, lock: bool) -> tuple[Any, ...]:
        if lock:
            held = Lock.document("proposal", [proposal])
            row = self._session.one(_LOCK, lock=held, company_id=self._company, document=proposal)
        else:
            row = self._session.one(_GET, company_id=self._company, document=proposal)
        if row is None:
            raise NotFound(kind="proposal", id=proposal)
        return row

    def _followers(self, proposal: ProposalId) -> tuple[Follower, ...]:
        rows = self._session.all(_FOLLOWERS, company_id=self._company, document=proposal)
        return tuple(Follower(kind=FollowerKind(kind), id=key, state=state) for kind, key, state in rows)

    def former(self, proposal: ProposalId) -> ProposalId | None:
        """Give the version that a proposal revises, without reading either; None also where there is no proposal."""
        row = self._session.one(_FORMER, company_id=self._company, document=proposal)
        return None if row is None or row[0] is None else ProposalId(row[0])

    def later(self, proposal: ProposalId) -> ProposalId | None:
        """Give the version that revises a proposal, whatever its state."""
        row = self._session.one(_LATER, company_id=self._company, document=proposal)
        return None if row is None else ProposalId(row[0])

    def add(self, proposal: Proposal) -> None:
        """Store a new proposal, set its id, and its ref to ``(PROV<id>)``."""
        header = {name: value for name, value in _values(proposal).items() if name != "ref"}
        key = _NEW.store(self._session, self._company, {"version": 1, **header}, _lines(proposal))
        proposal.id, proposal.ref, proposal.version = ProposalId(key), provisional(key), 1
        self._words.add(proposal.id, _values(proposal))

    def save(self, proposal: Proposal, *, lines: bool = True) -> None:
        """Store changes and move the version; ``lines=False`` when only state, ref and days changed. Raises Stale."""
        values = _values(proposal)
        kept = {name: values[name] for name in (_STORED if lines else _STATE)}
        stored = self._session.run(
            _UPDATE if lines else _UPDATE_STATE,
            company_id=self._company,
            document=proposal.id,
            seen=proposal.version,
            now=proposal.version + 1,
            **kept,
        )
        if not stored:
            raise Stale(seen=proposal.version)
        proposal.version += 1
        self._words.save(proposal.id, values)
        if lines:
            self._session.run(_DELETE_LINES, company_id=self._company, document=proposal.id)
            _NEW.add_lines(self._session, self._company, proposal.id, _lines(proposal))

    def delete(self, proposal: Proposal) -> None:
        """Remove a draft of that version, with its lines. Raises Stale."""
        removed = self._session.run(_DELETE, company_id=self._company, document=proposal.id, seen=proposal.version)
        if not removed:
            raise Stale(seen=proposal.version)
        self._words.remove(proposal.id)

    def lock_lapsed(self, today: date, most: int) -> Sequence[Proposal]:
        """Give up to ``most`` open proposals whose last day is before ``today``, without lines, locked by id.

        They are found first and locked then, in the written order; what somebody closed in between is left out.
        """
        found = self._session.all(_LAPSED, company_id=self._company, today=today, most=most)
        wanted = sorted(row[0] for row in found)
        if not wanted:
            return []
        rows = self._session.all_of(
            _LOCK_HEADERS,
            [{"id": key} for key in wanted],
            lock=Lock.document("proposal", wanted),
            company_id=self._company,
        )
        locked = [_header(row) for row in rows]
        return [one for one in locked if one.state is ProposalState.VALIDATED and one.valid_until < today]

    def save_states(self, proposals: Iterable[Proposal]) -> None:
        """Store the states of locked proposals, set-wise, and move their versions. Raises Stale."""
        changed = list(proposals)
        rows = [{"id": one.id, "version": one.version, "status": one.state} for one in changed]
        if self._session.many(_UPDATE_STATES, rows, company_id=self._company) != len(rows):
            raise Stale
        for one in changed:
            one.version += 1


def _header(row: tuple[Any, ...]) -> Proposal:
    header = dict(zip(_COLUMNS, row, strict=True))
    at = 3 + len(_HEADER)
    return Proposal(
        id=header["id"],
        version=header["version"],
        state=header["status"],
        valuation=valuation_of(row[at : at + len(VALUED)]),
        totals=totals_of(row[-len(TOTALS) :]),
        **{name: header[name] for name in _HEADER},
    )


def _values(proposal: Proposal) -> dict[str, Any]:
    return {
        "status": proposal.state,
        **{name: getattr(proposal, name) for name in _HEADER},
        **valuation_values(proposal.valuation),
        **totals_values(proposal.totals),
    }


def _lines(proposal: Proposal) -> list[dict[str, Any]]:
    return [{**line_values(line), "optional": line.optional, "chosen": line.chosen} for line in proposal.lines]
