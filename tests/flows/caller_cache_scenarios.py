"""Requests by one session while something ends it, in a process that goes by what it has read, and in another one.

They are run in test_caller_cache_orders.  Each scenario takes the kind of cache, so that one that breaks a law can be
put in its place.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from authcore.auth import Auth
from authcore.caller_cache import CallerCache
from authcore.errors import Contention, InvalidToken
from authcore.memory import MemoryStore
from authcore.policy import LONGEST_REVOCATION, Policy
from authcore.testing import Scenario, build_auth
from authcore.testing.stepping import SteppingStore
from tests.flows.people import QuickHasher, do, join, log_in
from tests.flows.scenarios import only

ROLE = {"role": "editor", "permissions": ["article:write"]}


class LateStore(SteppingStore):
    """A store that answers late: a flow pauses before each call, and once more while the answer is under way.

    That pause looks like a commit, of nothing: the search must not take it for something that commutes with others.
    """

    async def caller(self, session_id, /):
        """Read, and wait for the answer."""
        found = await super().caller(session_id)
        await self.pause()
        return found

    async def commit(self, writes, unchanged=()):
        """Commit, and wait for the answer."""
        await super().commit(writes, unchanged)
        await self.pause()

    async def pause(self):
        """Let others go on."""
        await super().commit([])


@dataclass
class Process:
    """One process: its `Auth`, and what it has told, in order; and what has ended in it."""

    auth: Auth
    token: str
    told: list = field(default_factory=list)
    is_over: bool = False
    """Whether a request was refused here, or a flow of this process has returned that ends what is asked for."""

    async def ask(self, times, *, within=LONGEST_REVOCATION, after_pauses=False):
        """Be recognised several times; note who was let in although it was known, when he came, that it is over."""
        for _ in range(times):
            if after_pauses:
                await self.auth.store.pause()
            came_late = self.is_over
            is_in = await self._is_in(within)
            self.told.append((came_late, is_in))
            self.is_over |= not is_in

    async def end(self, flow):
        """Run a flow that ends it."""
        await flow(self.auth)
        self.is_over = True

    async def _is_in(self, within):
        try:
            return (await self.auth.identify(self.token, revocation_within=within)).caller.may(all_of="article:write")
        except InvalidToken:
            return False


def _begin(cache, *, is_known):
    """Ada is logged in and has a role; perhaps this process has recognised her already."""
    world = build_auth(store=MemoryStore(), hasher=QuickHasher(), policy=Policy(revocation_within=LONGEST_REVOCATION))
    account = join(world)
    do(world.assign_role(account_id=account.id, **ROLE))
    token = log_in(world).token
    own = replace(world, store=LateStore(world.store), callers=cache())
    if is_known:
        name, now = world.read_token(token).id, world.clock.now()
        with own.callers.reading(name, now=now, keep=True) as reading:
            reading.found = do(world.store.caller(name))
    elsewhere = replace(world, store=LateStore(world.store), callers=CallerCache())
    return world, account, Process(own, token), elsewhere


def _scenario(world, process, flows):
    """Nobody is let in who came when it was known to be over; whatever else was told."""

    def check(outcomes, _):
        only(outcomes, type(None), Contention)
        assert (True, True) not in process.told, process.told

    return Scenario(auth=world, flows=flows, check=check)


def _ended(end, where, cache=CallerCache, *, is_known=False):
    world, account, process, elsewhere = _begin(cache, is_known=is_known)
    flow = partial(END[end], account.id)
    flows = {
        # Who is known calls no store: he would be done before anybody else has begun, and nobody would be refused.
        "a": lambda _: process.ask(2, after_pauses=is_known),
        "b": lambda _: process.ask(1, within=timedelta(0) if is_known else LONGEST_REVOCATION),
        "ends it": lambda _: process.end(flow) if where == "here" else flow(elsewhere),
    }
    return _scenario(world, process, flows)


async def _revoke(account_id, auth):
    await auth.revoke_sessions(account_id)


async def _withdraw(account_id, auth):
    await auth.withdraw_role(account_id=account_id, role="editor")


END = {"revoked": _revoke, "withdrawn": _withdraw}

revoked_here = partial(_ended, "revoked", "here")
revoked_elsewhere = partial(_ended, "revoked", "elsewhere")
withdrawn_here = partial(_ended, "withdrawn", "here")
withdrawn_elsewhere = partial(_ended, "withdrawn", "elsewhere")
revoked_here_while_known = partial(_ended, "revoked", "here", is_known=True)
revoked_elsewhere_while_known = partial(_ended, "revoked", "elsewhere", is_known=True)
withdrawn_elsewhere_while_known = partial(_ended, "withdrawn", "elsewhere", is_known=True)
