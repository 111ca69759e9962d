"""The real application on real databases, shared by a worker's tests."""

from tests.support.door import at_the_door, door
from tests.support.office import office, served
from tests.support.posting import moved, post, posting, wire

__all__ = ["at_the_door", "door", "moved", "office", "post", "posting", "served", "wire"]
