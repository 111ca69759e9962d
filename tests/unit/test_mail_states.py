"""What becomes of a mail, step by step from each state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from app.domain.mail import MAIL, LetterKind, Mail, MailState
from app.domain.shared.ids import MailId, PartyId, UserId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.states import InvalidTransition
from tests.support.clock import START

pytestmark = pytest.mark.fast
LATER: Final = START + timedelta(minutes=5)
STEPS: Final[dict[str, Callable[[Mail], Any]]] = {
    "deliver": lambda mail: mail.deliver(LATER, "<1@acme.example>"),
    "refuse": lambda mail: mail.refuse("recipients_refused"),
    "fail": lambda mail: mail.fail("mail_timeout"),
    "cancel": Mail.cancel,
    "resend": Mail.resend,
}


def mail_in(state: MailState = MailState.WAITING, **fields: Any) -> Mail:
    """Give a mail in a state."""
    given = {"to": ("ana@client.example", "bob@client.example"), "locale": "en", **fields}
    return Mail(
        id=MailId(12),
        kind=LetterKind.INVOICE,
        object_kind=ObjectKind.INVOICES,
        object_id=7,
        party_id=PartyId(3),
        state=state,
        actor_id=UserId(1),
        created_at=START,
        **given,
    )


@pytest.mark.parametrize("state", MailState)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_taken_from_the_states_of_the_table_alone(state: MailState, step: str) -> None:
    """ERP-11: a refused step leaves the mail as it was."""
    mail, before = mail_in(state), mail_in(state)
    targets = {one.target for one in MAIL.transitions if (one.name, one.source) == (step, state)}
    if not targets:
        with pytest.raises(InvalidTransition):
            STEPS[step](mail)
        assert mail == before
        return
    event = STEPS[step](mail)
    assert {mail.state} == targets
    assert (event.aggregate_id(), event.object_kind, event.object_id) == (12, ObjectKind.INVOICES, 7)
    assert "client.example" not in str(event.facts()), "whom it went to is told by the mail alone"


def test_what_has_left_is_shown_as_sent_although_it_was_called_off() -> None:
    mail = mail_in()
    mail.cancel()
    mail.deliver(LATER, "<1@acme.example>", [("bob@client.example", "550 no")], 2)
    assert (mail.state, mail.sent_at, mail.message_id, mail.attempts) == (MailState.SENT, LATER, "<1@acme.example>", 2)
    assert mail.refused == (("bob@client.example", "550 no"),)


def test_who_is_put_off_waits_until_the_mail_is_delivered_to_them_too() -> None:
    """ERP-11: what servers said adds up over the attempts."""
    mail = mail_in()
    mail.deliver_partly("<1@acme.example>", [("bad@client.example", "550 no")], ["bob@client.example"], 3)
    assert (mail.state, mail.later, mail.attempts) == (MailState.WAITING, ("bob@client.example",), 3)
    event = mail.deliver(LATER, "<1@acme.example>")
    assert (mail.later, mail.attempts, event.refused) == ((), 4, 1)


def test_a_missed_attempt_is_counted_and_told_but_changes_no_state() -> None:
    mail = mail_in()
    mail.miss("mail_timeout", 3)
    mail.miss("no_connection", 3)
    assert (mail.state, mail.error, mail.attempts) == (MailState.WAITING, "no_connection", 6)


def test_sent_once_more_it_begins_anew_in_a_round_of_its_own() -> None:
    mail = mail_in()
    mail.deliver(LATER, "<1@acme.example>", [("bob@client.example", "550 no")])
    mail.resend()
    assert (mail.round, mail.message_id, mail.refused, mail.attempts, mail.sent_at) == (2, "", (), 0, None)
    assert mail.to == ("ana@client.example", "bob@client.example")
