"""Whose request it is, by network address: what proxies say is believed only of those that are trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
_FOR: Final = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^;\s]*)', re.IGNORECASE)
_PORT: Final = re.compile(r"\[([^\]]*)\](?::\d+)?|([^:]*):\d+")
_MOST_HOPS: Final = 20


class Proxies:
    """The proxies in front of us, by their networks (CIDR)."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ip_network(network) for network in networks]

    def client(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Give the client's address: the peer's own, or the nearest one no trusted proxy stands for.

        X-Forwarded-For counts before Forwarded (RFC 7239). Each proxy appends the address it saw, so the list is read
        from the right as long as those who wrote it are trusted; what stands further left anybody may have invented.
        """
        if not self._networks:
            return peer
        seen = _read(peer)
        if seen is None or not self._trusted(seen):
            return peer
        return str(self._behind(seen, reversed(_said(headers)[-_MOST_HOPS:])))

    def _behind(self, proxy: Address, written: Iterable[str]) -> Address:
        """Give the nearest address that no trusted proxy stands for, or else the furthest one that can be read."""
        for text in written:
            before = _read(text)
            if before is None:
                break
            proxy = before
            if not self._trusted(proxy):
                break
        return proxy

    def _trusted(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _said(headers: Iterable[tuple[bytes, bytes]]) -> Sequence[str]:
    """Give the addresses that proxies wrote down, the client's first; several headers of one name are one list."""
    written: dict[bytes, list[str]] = {b"x-forwarded-for": [], b"forwarded": []}
    for name, value in headers:
        if name in written:
            written[name] += value.decode("latin-1").split(",")
    if written[b"x-forwarded-for"]:
        return written[b"x-forwarded-for"]
    return [_for(element) for element in written[b"forwarded"]]


def _for(element: str) -> str:
    """Give whom an element of Forwarded stands for, nothing when it does not say."""
    found = _FOR.search(element)
    return "" if found is None else found[1].strip('"')


def _read(text: str) -> Address | None:
    """Read an address with or without a port; None for names, ``unknown`` and rubbish."""
    try:
        address = ip_address(_without_port(text.strip()))
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _without_port(text: str) -> str:
    ported = _PORT.fullmatch(text)
    return text if ported is None else ported[1] or ported[2] or ""
