"""How entry is refused."""

from __future__ import annotations

from app.domain.shared.errors import Conflict, DomainError, Forbidden, Invalid, Unauthenticated


class SessionRefused(Unauthenticated):
    """The refresh token is unknown, expired or revoked."""

    code = "access.session_refused"


class TokenReused(Unauthenticated):
    """The refresh token was used before; its whole session has been revoked."""

    code = "access.token_reused"


class KeyRefused(Unauthenticated):
    """The API key is unknown, expired or revoked."""

    code = "access.key_refused"


class SecondFactorRequired(Unauthenticated):
    """The account signs in with a one-time code as well."""

    code = "access.second_factor_required"


class BadCode(Unauthenticated):
    """The one-time code is wrong or was used before."""

    code = "access.bad_code"


class WrongCode(Invalid):
    """The code does not fit the secret just given."""

    code = "access.wrong_code"


class TooManyAttempts(DomainError):
    """Too many failed attempts; ``seconds`` is how long to wait."""

    code = "access.too_many_attempts"

    def __init__(self, *, seconds: int) -> None:
        super().__init__(seconds=seconds)
        self.seconds = seconds


class PasswordChangeRequired(Forbidden):
    """The password must be changed before anything else."""

    code = "access.password_change_required"


class PersonRequired(Forbidden):
    """Only a person who signed in may do this, not an API key."""

    code = "access.person_required"


class WrongPassword(Invalid):
    """The present password is not right."""

    code = "access.wrong_password"


class GuessablePassword(Invalid):
    """The password is too easy to guess."""

    code = "access.guessable_password"


class SamePassword(Invalid):
    """The new password is the old one."""

    code = "access.same_password"


class OwnPassword(Conflict):
    """The own password is changed, not reset."""

    code = "access.own_password"


class SharedAccount(Conflict):
    """The account belongs to other companies too, so that none of them may reset its password."""

    code = "access.shared_account"


class AlreadyRevoked(Conflict):
    """It was revoked before."""

    code = "access.already_revoked"


class KeyLife(Invalid):
    """A key lives from one day to two years."""

    code = "access.key_life"


class SecondFactorOn(Conflict):
    """The second factor is on already."""

    code = "access.second_factor_on"


class SecondFactorOff(Conflict):
    """There is no second factor to confirm or to switch off."""

    code = "access.second_factor_off"
