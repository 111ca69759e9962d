"""The real application on real databases, shared by a worker's tests."""

from tests.support.door import at_the_door, door
from tests.support.office import office, served

__all__ = ["at_the_door", "door", "office", "served"]
