"""Laws of things going wrong: a store that fails, hashes without end, a courier that cannot send."""

import asyncio
import threading
from dataclasses import dataclass

import pytest

from authcore import Argon2Hasher, DeliveryFault
from authcore.errors import Contention, StoreFault
from authcore.offload import BoundedPool
from authcore.ports import PasswordHasher
from tests.adapters.apps import SECRET as TEXT
from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.laws.statuses import GOOD
from tests.adapters.people import ADA, EVE, FROM_HERE, PASSWORD, cookie
from tests.adapters.waiting import until

SECRET = "the text of a fault"
LOGIN = {"identifier": ADA, "password": PASSWORD}
READING = ["/auth/session", "/auth/captcha/picture", "/auth/captcha/sound", "/open", "/members", "/no-such-page"]


@dataclass(frozen=True)
class StuckHasher(PasswordHasher):
    """A hasher that stands still while it verifies, until the event is set."""

    inner: PasswordHasher
    begun: threading.Event
    released: threading.Event

    def hash(self, password, salt, /):
        """Hash as usual."""
        return self.inner.hash(password, salt)

    def verify(self, stored, password, /):
        """Wait, then verify."""
        self.begun.set()
        assert self.released.wait(20)
        return self.inner.verify(stored, password)

    def knows(self, stored, /):
        """Tell as usual."""
        return self.inner.knows(stored)

    def needs_rehash(self, stored, /):
        """Tell as usual."""
        return self.inner.needs_rehash(stored)

    def dummy(self):
        """Return the usual one."""
        return self.inner.dummy()


NEEDING_NONE = {"/auth/captcha"}
"""What asks nothing of the store."""


class Faults:
    """To be inherited by the contract."""

    @pytest.mark.parametrize("fault", [StoreFault(SECRET), Contention(SECRET)], ids=lambda fault: type(fault).__name__)
    async def test_store_that_fails(self, site, fault, caplog):
        """While the store fails, every endpoint and page that needs it is a 503; afterwards all is well."""
        token = await site.token()
        challenge, _ = await site.challenge(EVE)
        await site.settled()
        caplog.clear()
        site.store.fault = fault
        sent = cookie(session=token, challenge=challenge, captcha=site.auth.open_captcha().token)
        replies = [await site.get(path, sent) for path in READING]
        replies += [await site.post(path, GOOD[path], sent) for path in GOOD if path not in NEEDING_NONE]
        replies.append(await site.post("/posting", None, sent, ("captcha-code", "1")))
        site.store.fault = None
        for reply in replies:
            is_problem(reply, 503, "unavailable")
            assert reply.one("retry-after") == "2"
            assert SECRET not in reply.body.decode()
        lines = [record.getMessage() for record in caplog.records if record.name == "authcore.faults"]
        assert len([line for line in lines if f": {type(fault).__name__} cause={SECRET!r} source=" in line]) == len(
            replies
        )
        assert all(line.isprintable() for line in lines)
        is_json(await site.get("/auth/session", sent))

    async def test_fault_of_a_handler_is_logged(self, site, caplog):
        """A fault that a handler of the application raises is one line of the log as well: where, and privately why."""
        is_problem(await site.get("/failing"), 503, "unavailable")
        lines = [record.getMessage() for record in caplog.records if record.name == "authcore.faults"]
        assert [line.partition(" source=")[0] for line in lines] == [f"'GET /failing': StoreFault cause={TEXT!r}"]

    async def test_store_that_fails_concerns_only_those_with_a_credential(self, site):
        """While the store fails, whoever brings no credential is served as ever."""
        site.store.fault = StoreFault(SECRET)
        assert (await site.get("/open")).status == 200
        is_problem(await site.get("/members"), 401, "not_authenticated")
        is_problem(await site.get("/members", cookie(session="garbage")), 401, "invalid_token")

    async def test_store_that_breaks(self, site):
        """An exception that nobody foresaw is a 500 of an endpoint, which says nothing of it and sets no cookie."""
        token = await site.token()
        await site.settled()
        site.store.fault = RuntimeError(SECRET)
        sent = cookie(session=token)
        for reply in (await site.get("/auth/session", sent), await site.post("/auth/login", LOGIN)):
            is_problem(reply, 500, "internal_error")
            assert SECRET not in reply.body.decode()
            assert reply.one("www-authenticate") is None
        page = await site.get("/open", sent)
        assert (page.status, site.stage.ran) == (500, [])
        assert SECRET not in page.body.decode()
        site.store.fault = None
        is_json(await site.get("/auth/session", sent))

    async def test_commit_that_fails_opens_no_session(self, site):
        """Where a commit fails, no cookie is set and no code is sent: nothing is promised that was not stored."""
        await site.enrol()
        site.mailbox.letters.clear()
        original, calls = site.store.commit, []

        async def commit(writes, unchanged=()):
            calls.append(len(writes))
            raise StoreFault(SECRET)

        site.store.commit = commit
        for path in ("/auth/login", "/auth/register"):
            is_problem(await site.post(path, GOOD[path]), 503, "unavailable")
        site.store.commit = original
        await site.settled()
        assert (len(calls), site.mailbox.letters) == (2, [])

    async def test_too_many_hashes(self, serve):
        """Where too many hashes wait, the next login is a 503 that says when to come again, and the others go on."""
        inner, begun, released = Argon2Hasher.cheapest(), threading.Event(), threading.Event()
        released.set()
        site = await serve(hasher=StuckHasher(inner, begun, released), offload=BoundedPool(threads=1, waiting=1))
        token = await site.token()
        begun.clear()
        released.clear()
        try:
            site.store.calls.clear()
            waiting = [asyncio.create_task(site.post("/auth/login", LOGIN)) for _ in range(2)]
            await until(lambda: begun.is_set() and site.store.calls.count("find Credential") == len(waiting))
            refused = await site.post("/auth/login", LOGIN)
            is_problem(refused, 503, "unavailable")
            assert refused.one("retry-after") == "2"
            assert (await site.get("/open", cookie(session=token))).json()["who"] == ADA
        finally:
            released.set()
        assert [reply.status for reply in await asyncio.gather(*waiting)] == [200, 200]
        is_json(await site.post("/auth/login", LOGIN))

    async def test_hash_holds_nobody_up(self, serve):
        """While a password is being hashed everybody else is served: the hash runs beside the loop."""
        begun, released = threading.Event(), threading.Event()
        released.set()
        site = await serve(hasher=StuckHasher(Argon2Hasher.cheapest(), begun, released))
        await site.enrol()
        released.clear()
        waiting = asyncio.create_task(site.post("/auth/login", LOGIN))
        try:
            await until(begun.is_set)
            assert (await site.get("/open")).status == 200
        finally:
            released.set()
        is_json(await waiting)

    async def test_courier_that_fails(self, site):
        """Where a letter cannot be sent, registering is answered as ever, and the letter stays in the outbox."""
        site.mailbox.fault = DeliveryFault()
        is_json(await site.post("/auth/register", {"email": ADA, "password": PASSWORD}), 202)
        assert site.store.unsent != set()
        assert site.mailbox.letters == []

    async def test_next_request_after_a_refused_one(self, site):
        """A refused request, whatever its body, leaves its connection usable."""
        await site.enrol()
        for body in (b"x", b"x" * 20_000, b""):
            for path in ("/auth/login", "/auth/session", "/auth/logout"):
                assert (await site.send("POST", path, [FROM_HERE], body)).status in {415, 413, 405, 204}
            is_json(await site.post("/auth/login", LOGIN))
