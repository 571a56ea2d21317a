"""The HTTP contract, for Sanic's own server on a socket."""

from tests.adapters import hosts
from tests.adapters.contract import HttpContract


class TestSanicServer(HttpContract):
    """Sanic's own server keeps the contract."""

    adapter = staticmethod(hosts.sanic)
