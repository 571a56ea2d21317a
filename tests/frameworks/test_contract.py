"""Every framework within the middleware: the HTTP contract, as far as a framework can come in between.

What our endpoints answer is not repeated: no request to them reaches a framework.
"""

from tests.adapters.laws.confirming import Confirming
from tests.adapters.laws.faults import Faults
from tests.adapters.laws.guards import Guards
from tests.adapters.laws.isolation import Isolation
from tests.adapters.laws.journeys import Journeys
from tests.adapters.laws.recalled import Recalled
from tests.adapters.laws.refusals import Refusals
from tests.adapters.laws.rotation import Rotation
from tests.adapters.people import cookie
from tests.frameworks import hosts


class FrameworkContract(Journeys, Guards, Confirming, Isolation, Faults, Refusals, Rotation, Recalled):
    """Over one store: what a store does has nothing to do with the framework."""

    kinds = ("memory",)


class TestFastAPI(FrameworkContract):
    """FastAPI within the middleware."""

    adapter = staticmethod(hosts.fastapi)


class TestLitestar(FrameworkContract):
    """Litestar within the middleware."""

    adapter = staticmethod(hosts.litestar)


class TestLitestarInside(FrameworkContract):
    """Litestar, with the middleware where the plugin puts it."""

    adapter = staticmethod(hosts.litestar_inside)

    async def test_exempt_is_a_path_and_what_is_below(self, site):
        """A page that is not there is a 404 before anybody is asked; one that merely begins alike is not exempt."""
        twice = [cookie(session="a"), cookie(session="b")]
        statuses = [(await site.get(path, *twice)).status for path in ("/healthy", "/open")]
        assert statuses == [404, 400]


class TestQuart(FrameworkContract):
    """Quart, set up."""

    adapter = staticmethod(hosts.quart)


class TestDjango(FrameworkContract):
    """Django within the middleware."""

    adapter = staticmethod(hosts.django)

    test_cancelled_request_leaves_nothing = None  # a server tells Django that the client has gone, and cancels nothing
