"""Instances kept in Redis: a hash and a list for each, changed by scripts, which Redis runs one at a time.

How much survives a crash is Redis's to say: ``appendonly yes`` with ``appendfsync always`` keeps every step that was
acknowledged. All keys of a store must be on one server.
"""

from __future__ import annotations

from typing import Any, Final

from redis import Redis

from ..instances.store import Found, InstanceExistsError, StaleError, Written
from ..runtime.store import Key

_CREATE: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'machine', ARGV[1], 'version', 0, 'snapshot_version', 0, 'snapshot', ARGV[2])
redis.call('ZADD', KEYS[3] .. ARGV[1], 0, ARGV[3])
return 1
"""
_APPEND: Final = """
if redis.call('HGET', KEYS[1], 'version') ~= tostring(ARGV[1] - 1) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1])
redis.call('RPUSH', KEYS[2], ARGV[2])
if ARGV[3] then redis.call('HSET', KEYS[1], 'snapshot_version', ARGV[1], 'snapshot', ARGV[3]) end
return 1
"""
_READ: Final = """
local kept = redis.call('HMGET', KEYS[1], 'machine', 'snapshot_version', 'snapshot')
if not kept[1] then return nil end
return {kept[1], kept[2], kept[3], redis.call('LRANGE', KEYS[2], kept[2], -1)}
"""
_REMOVE: Final = """
local machine = redis.call('HGET', KEYS[1], 'machine')
if not machine then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3] .. machine, ARGV[1])
return 1
"""


class RedisInstances:
    """An ``InstanceStore`` in Redis, under keys that begin with ``prefix``.

    It takes part in no transaction: a ``connection`` is of no use here.
    """

    def __init__(self, client: Redis, prefix: str = "workflow:") -> None:
        self._client = client
        self._prefix = prefix
        self._create = client.register_script(_CREATE)
        self._append = client.register_script(_APPEND)
        self._read = client.register_script(_READ)
        self._remove = client.register_script(_REMOVE)

    def create(self, key: Key, machine: str, snapshot: str, connection: Any = None) -> None:
        """Keep a new instance. Raises InstanceExistsError."""
        del connection
        if not self._create(keys=self._keys(key), args=[machine, snapshot, key.id]):
            raise InstanceExistsError(key.id)

    def append(self, key: Key, entry: Written, snapshot: str | None = None, connection: Any = None) -> None:
        """Add an entry, and the snapshot of its version. Raises StaleError."""
        del connection
        given: list[str | int] = [entry.version, entry.text, *([] if snapshot is None else [snapshot])]
        if not self._append(keys=self._keys(key), args=given):
            raise StaleError(key.id)

    def read(self, key: Key, connection: Any = None) -> Found | None:
        """Give what an instance is rebuilt from."""
        del connection
        found = self._read(keys=self._keys(key))
        if found is None:
            return None
        machine, version, snapshot, log = found
        first = int(version) + 1
        return Found(_text(machine), Written(first - 1, _text(snapshot)), tuple(_numbered(log, first)))

    def log(self, key: Key, after: int, limit: int) -> list[Written]:
        """Give entries, the oldest first."""
        if limit < 1:
            return []
        found: Any = self._client.lrange(self._keys(key)[1], after, after + limit - 1)
        return _numbered(found, after + 1)

    def find(self, namespace: str, machine: str, after: str, limit: int) -> list[str]:
        """Give ids in the order of their bytes."""
        least = f"({after}" if after else "-"
        found: Any = self._client.zrangebylex(self._index(namespace) + machine, least, "+", 0, limit)
        return [_text(id) for id in found]

    def remove(self, key: Key, connection: Any = None) -> bool:
        """Forget an instance with its log."""
        del connection
        return bool(self._remove(keys=self._keys(key), args=[key.id]))

    def _keys(self, key: Key) -> list[str]:
        # With its length, so that no namespace and id can be read as another namespace and id.
        own = f"{len(key.namespace)}:{key.namespace}:{key.id}"
        return [f"{self._prefix}instance:{own}", f"{self._prefix}log:{own}", self._index(key.namespace)]

    def _index(self, namespace: str) -> str:
        return f"{self._prefix}index:{len(namespace)}:{namespace}:"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _numbered(log: list[Any], first: int) -> list[Written]:
    return [Written(version, _text(text)) for version, text in enumerate(log, first)]
