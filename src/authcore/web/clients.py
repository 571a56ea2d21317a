"""Naming the network client that a request came from.  Reading proxy headers and throttling belong elsewhere."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

__all__ = ["network_of"]

_UNKNOWN: Final = "unknown"


def network_of(address: str | None) -> str:
    """Return the one canonical text of the transport's client address, or "unknown"; it never raises.

    Several spellings of one client must not give it several throttles: an IPv4 address mapped into IPv6 is written as
    IPv4 (RFC 4291 2.5.5.2), IPv6 in its shortest form (RFC 5952), and a zone id is dropped.
    """
    if not isinstance(address, str):
        return _UNKNOWN
    try:
        return str(_folded(ip_address(address.partition("%")[0])))
    except ValueError:
        return _UNKNOWN


def _folded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
