"""Erasure of personal data: when it is allowed, and that it is for ever."""

from __future__ import annotations

from app.domain.shared.errors import Conflict


class OpenDocuments(Conflict):
    """The third party has documents that are still being worked on."""

    code = "privacy.open_documents"


class Anonymised(Conflict):
    """The third party was anonymised, which cannot be undone."""

    code = "privacy.anonymised"
