"""Mails in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, insert, update

from app.domain.mail import Mail
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import MailId
from app.infrastructure.database.compiled import Row, prepare
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import by_id, locking
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.mail import mails
from app.usecases.context import Context

_MADE: Final = (
    "kind",
    "object_kind",
    "object_id",
    "party_id",
    "to_addresses",
    "cc_addresses",
    "subject",
    "note",
    "locale",
    "date_from",
    "date_to",
    "actor_id",
    "created_at",
)
_MOVED: Final = ("status", "round", "message_id", "later", "refused", "attempts", "error", "sent_at")
_READ: Final = ("id", "version", *_MADE, *_MOVED)

_GET = prepare(by_id(mails, _READ))
_LOCK = locking(mails, _READ)
_INSERT = prepare(insert(mails).values({name: bindparam(name) for name in ("company_id", "version", *_MADE, *_MOVED)}))
_UPDATE = prepare(
    update(mails)
    .where(
        mails.c.company_id == bindparam("company_id"),
        mails.c.id == bindparam("document"),
        mails.c.version == bindparam("seen"),
    )
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _MOVED}})
)


class SqlMails:
    """Mails of the context's company, in rows of ``mails``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, mail: MailId, *, lock: bool = False) -> Mail:
        """Give a mail, locked until the end of the transaction if asked. Raises NotFound."""
        given: dict[str, Any] = {"company_id": self._company, "document": mail}
        if lock:
            row = self._session.one(_LOCK, lock=Lock.document("mail", [mail]), **given)
        else:
            row = self._session.one(_GET, **given)
        if row is None:
            raise NotFound(kind="mail", id=mail)
        return _mail(row)

    def add(self, mail: Mail) -> None:
        """Store a new mail and set its id."""
        made = {
            "kind": mail.kind,
            "object_kind": mail.object_kind,
            "object_id": mail.object_id,
            "party_id": mail.party_id,
            "to_addresses": list(mail.to),
            "cc_addresses": list(mail.cc),
            "subject": mail.subject,
            "note": mail.note,
            "locale": mail.locale,
            "date_from": mail.date_from,
            "date_to": mail.date_to,
            "actor_id": mail.actor_id,
            "created_at": mail.created_at,
        }
        key = self._session.insert(_INSERT, company_id=self._company, version=1, **made, **_moved(mail))
        mail.id, mail.version = MailId(key), 1

    def save(self, mail: Mail) -> None:
        """Store what became of a mail and move its version. Raises Stale."""
        seen, now = mail.version, mail.version + 1
        if not self._session.run(
            _UPDATE, company_id=self._company, document=mail.id, seen=seen, now=now, **_moved(mail)
        ):
            raise Stale(seen=seen)
        mail.version = now


def _moved(mail: Mail) -> dict[str, Any]:
    return {
        "status": mail.state,
        "round": mail.round,
        "message_id": mail.message_id,
        "later": list(mail.later),
        "refused": [list(one) for one in mail.refused],
        "attempts": mail.attempts,
        "error": mail.error,
        "sent_at": mail.sent_at,
    }


def _mail(row: Row) -> Mail:
    given = dict(zip(_READ, row, strict=True))
    return Mail(
        to=tuple(given.pop("to_addresses")),
        cc=tuple(given.pop("cc_addresses")),
        state=given.pop("status"),
        later=tuple(given.pop("later")),
        refused=tuple((address, said) for address, said in given.pop("refused")),
        **given,
    )
