"""Sessions, API keys, counters of attempts and second factors in SQL."""

from app.infrastructure.database.repositories.access.attempts import SqlAttemptBook
from app.infrastructure.database.repositories.access.credentials import SqlAwsCredentials
from app.infrastructure.database.repositories.access.keys import SqlApiKeys
from app.infrastructure.database.repositories.access.principals import SqlPrincipals
from app.infrastructure.database.repositories.access.second_factors import SqlSecondFactors
from app.infrastructure.database.repositories.access.sessions import SqlSessions

__all__ = ["SqlApiKeys", "SqlAttemptBook", "SqlAwsCredentials", "SqlPrincipals", "SqlSecondFactors", "SqlSessions"]
