"""Companies, users and roles in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.identity.companies import SqlCompanies
from app.infrastructure.database.repositories.identity.roles import SqlRoles
from app.infrastructure.database.repositories.identity.users import SqlUsers

__all__ = ["SqlCompanies", "SqlRoles", "SqlUsers"]
