"""Hash chains on the wire."""

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from app.api.schemas.shared import Out
from app.domain.chains import FlawKind, Head
from app.domain.shared.series import SeriesKind
from app.usecases.chains import Verification


class HeadOut(Out):
    """Where one series of numbers stands."""

    kind: SeriesKind = Field(description="What the series numbers")
    period: str = Field(description="Year, month or nothing, as the mask resets", examples=["2026-11"])
    next: int = Field(description="The number the next document gets, before the mask's offset", examples=[3])
    last_date: date | None = Field(description="Date of the last document of a series without gaps")
    last_hash: str = Field(description="Last link of the hash chain; 64 zeros before the first", examples=["0" * 64])


class HeadsOut(Out):
    """The series of the company, by kind and period."""

    items: list[HeadOut] = Field(description="Series")

    @classmethod
    def of(cls, heads: Sequence[Head]) -> "HeadsOut":
        """Show the heads."""
        return cls(items=[HeadOut(**{name: getattr(head, name) for name in HeadOut.model_fields}) for head in heads])


class FlawOut(Out):
    """What is wrong with the documents numbered ``number`` to ``to``."""

    kind: FlawKind = Field(description="What is wrong")
    number: int = Field(description="First number it concerns", examples=[2])
    to: int = Field(description="Last number it concerns", examples=[2])


class ChainOut(Out):
    """One hash chain that was walked."""

    kind: SeriesKind = Field(description="What the series numbers")
    period: str = Field(description="Year, month or nothing, as the mask resets", examples=["2026-11"])
    documents: int = Field(description="Documents the chain should have", examples=[2])
    flaws: list[FlawOut] = Field(description="What is wrong, by number; none in a sound chain, at most 100")


class VerificationOut(Out):
    """What walking the hash chains has found."""

    sound: bool = Field(description="Whether nothing is wrong")
    chains: list[ChainOut] = Field(description="The chains walked, by kind and period")

    @classmethod
    def of(cls, found: Verification) -> "VerificationOut":
        """Show what was found."""
        return cls(
            sound=found.sound,
            chains=[
                ChainOut(
                    kind=SeriesKind(chain.kind),
                    period=chain.period,
                    documents=chain.documents,
                    flaws=[FlawOut(kind=flaw.kind, number=flaw.number, to=flaw.to) for flaw in chain.flaws],
                )
                for chain in found.chains
            ],
        )
