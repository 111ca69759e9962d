"""Documents are sent by mail: asked for in a transaction, done by a job, so that no sale waits for a mail server.

Whoever asks gets an answer at once. The job reads what is to be sent, sends it outside of any transaction, and writes
down what became of it together with its own end.
"""

from app.usecases.mail.about import about
from app.usecases.mail.approvers import tellers
from app.usecases.mail.asking import (
    MAILS,
    NOTICES,
    READ,
    SEND_MAIL,
    CancelMail,
    ListMails,
    ReadMail,
    ResendMail,
    SendDocument,
    SendRequest,
)
from app.usecases.mail.sending import (
    Errand,
    GiveUpMail,
    NotTaken,
    Outgoing,
    PrepareMail,
    RecordNotTaken,
    RecordTaken,
    Taken,
)

__all__ = [
    "MAILS",
    "NOTICES",
    "READ",
    "SEND_MAIL",
    "CancelMail",
    "Errand",
    "GiveUpMail",
    "ListMails",
    "NotTaken",
    "Outgoing",
    "PrepareMail",
    "ReadMail",
    "RecordNotTaken",
    "RecordTaken",
    "ResendMail",
    "SendDocument",
    "SendRequest",
    "Taken",
    "about",
    "tellers",
]
