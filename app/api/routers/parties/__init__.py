"""Third parties, what belongs to them, and payment terms."""

from typing import Final

from fastapi import APIRouter

from app.api.routers.parties import belongings, parties, terms

ROUTERS: Final[tuple[APIRouter, ...]] = (parties.routes, belongings.contacts, belongings.routes, terms.routes)

__all__ = ["ROUTERS"]
