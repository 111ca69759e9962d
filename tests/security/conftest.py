"""The real application on real databases, shared by a worker's tests."""

from tests.support.office import office, served

__all__ = ["office", "served"]
