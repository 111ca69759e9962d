"""Signing in, and who is signed in."""

from typing import Literal

from pydantic import Field, SecretStr

from app.api.schemas.shared import Id, In, Out, Text
from app.domain.identity import LONGEST_PASSWORD
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.identity import Credentials, SignedIn


class CredentialsIn(In):
    """What somebody signs in with."""

    email: Text = Field(max_length=254, description="E-mail address of the account", examples=["ann@example.com"])
    password: SecretStr = Field(max_length=LONGEST_PASSWORD, description="Password of the account")
    company: Id | None = Field(None, description="Which company, for an account that belongs to several")

    def to_domain(self) -> Credentials:
        """Give the credentials."""
        return Credentials(
            email=self.email,
            password=self.password.get_secret_value(),
            company=None if self.company is None else CompanyId(self.company),
        )


class TokenOut(Out):
    """An access token."""

    access_token: str = Field(description="Send as `Authorization: Bearer ...`")
    token_type: Literal["Bearer"] = Field("Bearer", description="Always Bearer")
    expires_in: int = Field(description="Seconds until it expires", examples=[300])

    @classmethod
    def of(cls, signed_in: SignedIn) -> "TokenOut":
        """Show a token."""
        return cls(access_token=signed_in.token, expires_in=signed_in.expires_in)


class MeOut(Out):
    """Who is signed in, for which company, with which rights."""

    user: int = Field(description="Id of the user", examples=[1])
    company: int = Field(description="Id of the company", examples=[1])
    locale: str = Field(description="Language of texts for this caller", examples=["en"])
    zone: str = Field(description="Time zone of the company's legal dates", examples=["Europe/Paris"])
    currency: str = Field(description="ISO 4217 code of the company's currency", examples=["EUR"])
    rights: list[Right] = Field(description="What the caller may do")

    @classmethod
    def of(cls, context: Context) -> "MeOut":
        """Show the caller."""
        return cls(
            user=context.actor,
            company=context.company,
            locale=context.locale,
            zone=context.settings.zone_name,
            currency=context.settings.currency.code,
            rights=sorted(context.rights),
        )
