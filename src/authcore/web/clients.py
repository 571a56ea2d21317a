"""Naming the network client that a request came from.  Throttling it belongs elsewhere."""

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

__all__ = ["Networks", "client_of", "network_of"]

Networks: TypeAlias = Collection[IPv4Network | IPv6Network]

_UNKNOWN: Final = "unknown"
_MOST_HOPS: Final = 32
_WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


def client_of(transport: str | None, headers: Sequence[tuple[bytes, bytes]], *, trusted: Networks) -> str:
    """Return the other end of the transport; or, as long as that is a trusted proxy, for whom it says that it asks.

    `X-Forwarded-For` is read from its end, since whatever stands before the first stranger may be invented.  What is
    no address ends the walk at whoever said it.  It never raises.
    """
    client = network_of(transport)
    for hop in reversed(_forwarded(headers)):
        named = network_of(_without_port(hop)) if _is_within(client, trusted) else _UNKNOWN
        if named == _UNKNOWN:
            break
        client = named
    return client


def network_of(address: str | None) -> str:
    """Return the one canonical text of a client's address, or "unknown"; it never raises.

    Several spellings of one client must not give it several throttles: an IPv4 address mapped into IPv6 is written as
    IPv4 (RFC 4291 2.5.5.2), IPv6 in its shortest form (RFC 5952), and a zone id is dropped.
    """
    if not isinstance(address, str):
        return _UNKNOWN
    try:
        return str(_folded(ip_address(address.partition("%")[0])))
    except ValueError:
        return _UNKNOWN


def _forwarded(headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
    values = [value.decode("latin-1") for name, value in headers if name.lower() == b"x-forwarded-for"]
    return ",".join(values).split(",")[-_MOST_HOPS:]


def _without_port(hop: str) -> str | None:
    found = _WITH_PORT.fullmatch(hop.strip(" \t"))
    return hop.strip(" \t") if found is None else found[1] or found[2]


def _is_within(client: str, networks: Networks) -> bool:
    return client != _UNKNOWN and any(ip_address(client) in network for network in networks)


def _folded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
