"""W3: eight logins at a time, and what other requests feel of them; and what many more at once may take."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Final

from authcore import Argon2Hasher, Auth, Device, MemoryStore
from authcore.offload import BoundedPool
from benchmarks.applications import authenticating
from benchmarks.client import Client
from benchmarks.measuring import Counted, Trial
from benchmarks.pacing import felt, percentile
from benchmarks.population import PASSWORD, Person, admit, auth_over, cookies_of, name_of, network_of, roles
from benchmarks.servers import Places

__all__ = ["HASHERS", "compared"]

HASHERS: Final = {
    "4 lanes": Argon2Hasher.rfc9106_low_memory(),
    "1 lane": replace(Argon2Hasher.rfc9106_low_memory(), parallelism=1),
}
"""The default, and the same with one thread for each hash."""

_AT_ONCE: Final = 8
_EACH: Final = 2
_EVERY: Final = 0.002
_QUIET: Final = 0.25
_SLOW: Final = 0.06
_SLOWEST: Final = 0.15
_THROUGHPUT: Final = 1 / 0.95

_PROGRAM: Final = "benchmarks.login_load"

_networks = count()


async def compared(_places: Places) -> AsyncGenerator[Trial | Counted, None]:
    """Yield what others feel, and how many logins there are, beside a bare pool; then memory, and refusals."""
    for profile, hasher in HASHERS.items():
        scene = await _scene(profile, hasher)
        try:
            yield scene.trial()
        finally:
            await scene.close()
    for load in (_AT_ONCE, 5 * _AT_ONCE):
        for counted in await _loaded(load):
            yield counted


@dataclass(kw_only=True)
class _Scene:
    """People who log in, others who are logged in already, and a pool without anything around it."""

    profile: str
    auth: Auth
    others: Client
    bare: ThreadPoolExecutor
    hash: Callable[[], object]
    close: Callable[[], Awaitable[None]]
    held: dict[int, str] = field(default_factory=dict)
    """The token that each of those who log in was given last, which the next login takes the place of."""

    def trial(self) -> Trial:
        slow, slowest, logins = self._cases()
        return Trial(work="W3", go=self.go, times={slow: _SLOW, slowest: _SLOWEST, logins: _THROUGHPUT})

    async def go(self) -> Mapping[str, Mapping[str, float]]:
        """Hash once, and let others ask: while nobody logs in, while eight do, and while a pool makes equal hashes."""
        begun = time.perf_counter()
        self.hash()
        once = time.perf_counter() - begun
        alone, _ = await self._felt(asyncio.sleep(_QUIET))
        ours, our_time = await self._felt(self._logins(self._log_in))
        bare, bare_time = await self._felt(self._logins(self._hash_in_bare_pool))
        slow, slowest, logins = self._cases()
        return {
            slow: {
                "authcore": percentile(ours, 99),
                "one hash": once,
                "beside a bare pool": percentile(bare, 99),
                "beside nobody": percentile(alone, 99),
            },
            slowest: {
                "authcore": max(ours),
                "one hash": once,
                "beside a bare pool": max(bare),
                "beside nobody": max(alone),
            },
            logins: {"authcore": our_time / _AT_ONCE / _EACH, "a hash in a bare pool": bare_time / _AT_ONCE / _EACH},
        }

    def _cases(self) -> Sequence[str]:
        return [f"{self.profile}, {what}" for what in ("99 % of others", "the slowest of others", "a login")]

    async def _felt(self, meanwhile: Awaitable[object]) -> tuple[Sequence[float], float]:
        """Return what others feel meanwhile, and how long that lasts."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        latencies = await felt(self.others.get, every=_EVERY, meanwhile=meanwhile)
        return latencies, loop.time() - begun

    async def _logins(self, login: Callable[[int], Awaitable[object]]) -> None:
        async def lane(number: int) -> None:
            for _ in range(_EACH):
                await login(number)

        await asyncio.gather(*map(lane, range(_AT_ONCE)))

    async def _log_in(self, number: int) -> None:
        device, former = Device(network=network_of(next(_networks))), self.held.get(number)
        issued = await self.auth.log_in(identifier=name_of(number), password=PASSWORD, device=device, former=former)
        self.held[number] = issued.token

    async def _hash_in_bare_pool(self, _: int) -> None:
        await asyncio.get_running_loop().run_in_executor(self.bare, self.hash)


async def _scene(profile: str, hasher: Argon2Hasher) -> _Scene:
    auth = replace(auth_over(MemoryStore()), hasher=hasher)
    people: Sequence[Person] = await admit(auth, _AT_ONCE, roles(1, permissions=1))
    application = authenticating(auth)
    secret = hasher.hash(PASSWORD, bytes(hasher.salt_len))
    bare = ThreadPoolExecutor(BoundedPool.for_hasher(hasher).threads)

    async def close() -> None:
        bare.shutdown()
        await application.background.close()

    return _Scene(
        profile=profile,
        auth=application.auth,
        others=Client(application, cookies_of(auth, people)),
        bare=bare,
        hash=partial(hasher.verify, secret, PASSWORD),
        close=close,
    )


async def _loaded(load: int) -> Sequence[Counted]:
    """Have so many log in at once, in a fresh process; return what memory that takes, and how many are refused."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _PROGRAM, str(load), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    found = json.loads(told)
    statuses = Counter(found["statuses"])
    return [
        Counted(
            work="W3",
            case=f"memory, {load} logins at once",
            unit="MiB",
            counts={"authcore": found["growth"] / 2**20, "pool x m": found["room"] / 2**20},
            most=found["room"] / 2**20,
        ),
        Counted(
            work="W3",
            case=f"refusals, {load} logins at once",
            unit="logins",
            counts={
                "refused with 503": statuses[503],
                "beyond threads and queue": max(0, load - found["threads"] - found["waiting"]),
                "logged in": statuses[200],
            },
        ),
    ]
