"""W9: how cost grows with what one account has, and with what others have; and how often races are run again."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import count
from typing import Final

from authcore import Auth, Device
from authcore.imported_accounts import RoleRecord
from benchmarks.applications import authenticating
from benchmarks.client import Client
from benchmarks.contention import contended
from benchmarks.crowds import Crowd
from benchmarks.drivers import driver
from benchmarks.measuring import Comparison, Counted, Side, Unmeasured
from benchmarks.population import PASSWORD, admit, auth_over, cookies_of, name_of, network_of, roles
from benchmarks.servers import STORES, Places
from benchmarks.stores import opened
from benchmarks.timing import awaited
from benchmarks.works.growing_stores import GROWTHS, largest_first

__all__ = ["OTHERS", "compared"]

OTHERS: Final = [100, 1_000, 10_000, 100_000]
"""How many other accounts there are."""

_OWN: Final = (1, 10, 100)
_PERMISSIONS: Final = (1, 10, 100, 1_000)
_CONNECTIONS: Final = 4
_SEEN: Final = 100

_numbers = count(1_000)
_networks = count()


async def compared(places: Places) -> AsyncGenerator[Comparison | Counted | Unmeasured, None]:
    """Yield growth with sessions, roles, permissions and other accounts; then attempts at what many do at once."""
    for name, growth in GROWTHS.items():
        if name not in places:
            yield Unmeasured(work="W9", case=name, reason="it was not asked for, or there is no server")
            continue
        async with opened(name, places[name], connections=_CONNECTIONS) as store:
            auth = auth_over(store)
            auth = replace(auth, policy=replace(auth.policy, sessions_per_account=2 * _OWN[-1]))
            async for comparison in _of_one(name, auth):
                yield comparison
        async for comparison in _among_others(name, places[name], growth):
            yield comparison
    for name in STORES:
        if name in places:
            async for counted in contended(name, places[name]):
                yield counted


async def _of_one(name: str, auth: Auth) -> AsyncIterator[Comparison]:
    """Yield what somebody's own things cost: at most as much more as there are more of them."""
    with_sessions = {f"{number} sessions": await _Holder.of_sessions(auth, number) for number in _OWN}
    with_roles = {f"{number} roles": await _Holder.of_roles(auth, roles(number, permissions=1)) for number in _OWN}
    with_permissions = {
        f"{number} permissions": await _Holder.of_roles(auth, [_permitting(number)]) for number in _PERMISSIONS
    }
    application = authenticating(auth)

    def requests(holders: Mapping[str, _Holder]) -> Mapping[str, Side]:
        clients = {size: Client(application, [_cookie(auth, each)]) for size, each in holders.items()}
        return {size: awaited(client.get) for size, client in clients.items()}

    sides = {
        "sessions, a request": requests(with_sessions),
        "sessions, a list": {size: awaited(each.list) for size, each in with_sessions.items()},
        "sessions, a login": {size: awaited(each.log_in) for size, each in with_sessions.items()},
        "roles, a request": requests(with_roles),
        "permissions, a request": requests(with_permissions),
    }
    try:
        for what, grown in sides.items():
            most = _PERMISSIONS[-1] if grown.keys() == with_permissions.keys() else _OWN[-1]
            yield Comparison(work="W9", case=f"{name}, {what}", sides=largest_first(grown), times=most)
    finally:
        await application.background.close()


async def _among_others(name: str, place: str, growth: float) -> AsyncIterator[Comparison]:
    """Yield what a request and a login cost among few and many others, which must make no difference."""
    async with AsyncExitStack() as stack:
        requests, logins = dict[str, Side](), dict[str, Side]()
        for number in OTHERS:
            schema = None if name == "sqlite" else f"others_{number}"
            there = f"{place}.{schema or number}" if name == "sqlite" else place
            store = await stack.enter_async_context(opened(name, there, connections=_CONNECTIONS, schema=schema))
            by_hand = await stack.enter_async_context(driver(name, there, schema=schema))
            auth = auth_over(store)
            crowd = await Crowd.gathered(auth, by_hand, number, each=1)
            application = authenticating(auth)
            stack.push_async_callback(application.background.close)
            client = Client(application, cookies_of(auth, crowd.people(_SEEN)))
            requests[f"{number} accounts"] = awaited(client.get)
            logins[f"{number} accounts"] = awaited((await _Holder.of_sessions(auth, 1)).log_in)
        yield Comparison(work="W9", case=f"{name}, others, a request", sides=largest_first(requests), times=growth)
        yield Comparison(work="W9", case=f"{name}, others, a login", sides=largest_first(logins), times=growth)


class _Holder:
    """Somebody who has much of something, and goes on having as much of it."""

    def __init__(self, auth: Auth, number: int, token: str) -> None:
        self._auth, self._number, self.token = auth, number, token

    @classmethod
    async def of_sessions(cls, auth: Auth, count: int) -> "_Holder":
        """Return somebody who has so many sessions."""
        holder = await cls.of_roles(auth, ())
        for _ in range(count - 1):
            await holder.log_in(0, in_place=False)
        return holder

    @classmethod
    async def of_roles(cls, auth: Auth, having: Sequence[RoleRecord]) -> "_Holder":
        """Return somebody who has these roles."""
        number = next(_numbers)
        (person,) = await admit(auth, 1, having, first=number)
        return cls(auth, number, person.token)

    async def list(self, _: int) -> None:
        """List the sessions."""
        await self._auth.list_sessions(self.token)

    async def log_in(self, _: int, *, in_place: bool = True) -> None:
        """Log in once more, in place of the newest session or besides it."""
        issued = await self._auth.log_in(
            identifier=name_of(self._number),
            password=PASSWORD,
            device=Device(network=network_of(next(_networks))),
            former=self.token if in_place else None,
        )
        self.token = issued.token


def _permitting(count: int) -> RoleRecord:
    """Return a role that permits so much, each in so few letters that a thousand have room."""
    (role,) = roles(1, permissions=0)
    return replace(role, name=f"wide-{count}", permissions=tuple(f"wide:{number}" for number in range(count)))


def _cookie(auth: Auth, holder: _Holder) -> str:
    return f"{auth.policy.session_cookie.name}={holder.token}"
