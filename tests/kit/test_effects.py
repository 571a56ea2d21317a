"""The recorder, and telling runs apart: whatever a stranger could learn from is noticed, and nothing else is."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from authcore import Throttle
from authcore.auth import Auth
from authcore.entities import Account, AuditEvent, AuditKind, Message, MessageKind
from authcore.errors import InvalidCredentials, InvalidToken, StoreFault
from authcore.hashing import Argon2Hasher
from authcore.memory import MemoryStore
from authcore.policy import Policy
from authcore.ports import Store, by_id
from authcore.testing import Mailbox, Recorder, assert_indistinguishable, build_auth, run_sync
from authcore.web import Endpoints
from authcore.web.messages import Request

HOUR = timedelta(hours=1)
ADA, EVE = "ada@example.org", "eve@example.org"
PASSWORD, WRONG = "a loom that weaves algebra", "nine silver herons at dusk"


def recorder(kind=Auth, **parts):
    """A recorder of a world in which Ada has an account; `kind` is the sort of `Auth` that it watches."""
    auth = build_auth(**parts)
    challenge = run_sync(auth.register(email=ADA, password=PASSWORD))
    run_sync(auth.deliver_due())
    run_sync(auth.verify_account(challenge=challenge.token, code=auth.courier.last_code()))
    return Recorder(kind(**{name: getattr(auth, name) for name in auth.__dataclass_fields__}))


def compare(watched, run):
    """Run the same for Ada and for a stranger, and compare."""
    assert_indistinguishable(
        *(
            run_sync(watched.record(name, lambda auth, address=address: run(auth, address)))
            for name, address in (("a stranger", EVE), ("a member", ADA))
        )
    )


def log_in(auth, address):
    """Give a wrong password."""
    return auth.log_in(identifier=address, password=WRONG)


def register(auth, address):
    """Register an address."""
    return auth.register(email=address, password=WRONG)


def respond(auth, address):
    """Log in over HTTP."""
    return Endpoints(auth).respond(
        Request(
            method="POST",
            path="/auth/login",
            headers=((b"content-type", b"application/json"), (b"origin", b"https://app.example.org")),
            body=f'{{"identifier": "{address}", "password": "{WRONG}"}}'.encode(),
            client="192.0.2.7",
        )
    )


OVER_HTTP = Policy(origins=frozenset({"https://app.example.org"}))


@pytest.mark.parametrize("run", [log_in, register])
def test_neutral_runs_are_not_told_apart(run):
    """What authcore does for strangers and members is found to be the same, though values and reads differ."""
    compare(recorder(), run)


def test_neutral_answers_are_not_told_apart():
    """A response over HTTP is compared whole: status, headers, body."""
    compare(recorder(policy=OVER_HTTP), respond)


# --- planted leaks ----------------------------------------------------------------------------------------------------


class HashesForMembersOnly(Auth):
    """Saves a hash where nobody has the name."""

    async def log_in(self, *, identifier, password, **rest):
        """Refuse at once who is unknown."""
        if await self.find_account(identifier) is None:
            raise InvalidCredentials
        return await super().log_in(identifier=identifier, password=password, **rest)


class TellsMembersMore(Auth):
    """Has another word for members."""

    async def log_in(self, *, identifier, **given):
        """Let a member know."""
        try:
            return await super().log_in(identifier=identifier, **given)
        except InvalidCredentials as refusal:
            if await self.find_account(identifier) is not None:
                refusal.text = "The password is wrong."
            raise


class TellsEvidence(Auth):
    """Has the same words, and one number more."""

    async def log_in(self, *, identifier, **given):
        """Let a member know."""
        try:
            return await super().log_in(identifier=identifier, **given)
        except InvalidCredentials:
            known = await self.find_account(identifier) is not None
            raise InvalidCredentials(evidence={"tries": 3} if known else {}) from None


@dataclass
class Lossy(Store):
    """Another store, to which `change` is done what is to be written."""

    store: Store
    change: object

    async def find(self, key, /):
        """Find."""
        return await self.store.find(key)

    async def commit(self, writes, unchanged=()):
        """Commit what is left."""
        await self.store.commit([changed for entity in writes for changed in self.change(entity)], unchanged)


def writing(change):
    """An `Auth` that registers what is taken in another way than the rest."""

    class WritesOtherwise(Auth):
        async def register(self, *, email, **given):
            """Register."""
            if await self.find_account(email) is None:
                return await super().register(email=email, **given)
            other = Auth(**{name: getattr(self, name) for name in self.__dataclass_fields__})
            return await replace(other, store=Lossy(self.store, change)).register(email=email, **given)

    return WritesOtherwise


def _one_row_less(entity):
    return () if isinstance(entity, Message) else (entity,)


def _another_event(entity):
    return (replace(entity, kind=AuditKind.LOGGED_OUT) if isinstance(entity, AuditEvent) else entity,)


def _later(entity):
    return (replace(entity, due_at=entity.due_at.replace(year=2031)) if isinstance(entity, Message) else entity,)


def _nowhere(entity):
    return (replace(entity, queue=None) if isinstance(entity, Message) else entity,)


class CommitsTwice(Auth):
    """Writes in two commits what others write in one."""

    async def register(self, *, email, **given):
        """Register, and then note it."""
        known = await self.find_account(email)
        issued = await super().register(email=email, **given)
        if known is not None:
            await self.store.commit([known])
        return issued


class HashesInPlace(Auth):
    """Hashes a member's password where it stands, and holds up everybody else."""

    async def log_in(self, *, identifier, password, **rest):
        """Log in."""
        known = await self.find_account(identifier)
        auth = Auth(**{name: getattr(self, name) for name in self.__dataclass_fields__})
        return await (auth if known is None else replace(auth, offload=_in_place)).log_in(
            identifier=identifier, password=password, **rest
        )


async def _in_place(work, /):
    return work()


class CheapDummy(Argon2Hasher):
    """Has a dummy that costs less than a real hash."""

    def dummy(self):
        """Return one that is cheap."""
        return super().dummy().replace("t=2", "t=1")


LEAKS = {
    "hash": (HashesForMembersOnly, log_in, "the hashes that were run"),
    "text": (TellsMembersMore, log_in, "what was answered"),
    "evidence": (TellsEvidence, log_in, "what was answered"),
    "row": (writing(_one_row_less), register, "the rows that were written"),
    "event": (writing(_another_event), register, "the events of the trail"),
    "delay": (writing(_later), register, "the messages that were left"),
    "queue": (writing(_nowhere), register, "the messages that were left"),
    "commit": (CommitsTwice, register, "the rows that were written"),
    "offload": (HashesInPlace, log_in, "how much work was handed on"),
}


@pytest.mark.parametrize(("kind", "run", "by"), LEAKS.values(), ids=LEAKS)
def test_leak_is_caught(kind, run, by):
    """Whatever one run does more, less or otherwise than the other is found, and named."""
    with pytest.raises(AssertionError, match=f"^a stranger and a member can be told apart by {by}"):
        compare(recorder(kind), run)


def test_cheaper_hash_is_caught():
    """A hash with other parameters is another hash."""
    hasher = CheapDummy(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    with pytest.raises(AssertionError, match=r"a stranger: verify \S+t=1,p=1\S+\n  a member: verify \S+t=2,p=1\S+$"):
        compare(recorder(hasher=hasher), log_in)


@pytest.mark.parametrize(
    "leak",
    [
        lambda response: replace(response, headers=(*response.headers, (b"x-known", b"1"))),
        lambda response: replace(response, status=403),
        lambda response: replace(response, body=response.body + b" "),
        lambda response: replace(response, headers=response.headers[:-1]),
    ],
    ids=["header more", "status", "byte", "header less"],
)
def test_leak_over_http_is_caught(leak):
    """Another status, a header more or less, and a single byte are found."""

    async def run(auth, address):
        response = await respond(auth, address)
        return response if await auth.find_account(address) is None else leak(response)

    with pytest.raises(AssertionError, match="by what was answered"):
        compare(recorder(policy=OVER_HTTP), run)


# --- what is no leak --------------------------------------------------------------------------------------------------


async def texts(first, second):
    """Compare two answers, and nothing else."""
    watched = Recorder(build_auth())

    async def answered(text):
        return text

    return [await watched.record("run", lambda _, text=text: answered(text)) for text in (first, second)]


@pytest.mark.parametrize(
    ("first", "second"),
    [("a" * 27, "b" * 27), (b'{"session":"' + b"0" * 32 + b'"}', b'{"session":"' + b"f" * 32 + b'"}')],
    ids=["id", "digest"],
)
def test_random_texts_are_masked(first, second):
    """Ids and digests differ from run to run."""
    assert_indistinguishable(*run_sync(texts(first, second)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a" * 27, "b" * 28),
        ("known", "unknown"),
        (1, True),
        ({"a": 1}, {"a": 2}),
        (("a", "b"), ("b", "a")),
        (None, ""),
        ("1", b"1"[0]),
        (Throttle(limit=1, window=HOUR), Throttle(limit=2, window=HOUR)),
        (StoreFault(), InvalidCredentials()),
    ],
)
def test_everything_else_counts(first, second):
    """Lengths, values, types and order are compared."""
    with pytest.raises(AssertionError, match="by what was answered"):
        assert_indistinguishable(*run_sync(texts(first, second)))


def test_tokens_are_masked():
    """Two tokens are the same answer, and two of different length are not."""
    token = run_sync(build_auth().open_anonymous()).token
    other = run_sync(build_auth(policy=Policy(issuer="elsewhere-entirely")).open_anonymous()).token
    assert len(token) != len(other)
    assert_indistinguishable(*run_sync(texts(f"a={token}; Path=/", f"a={token[::-1]}; Path=/")))
    with pytest.raises(AssertionError, match="by what was answered"):
        assert_indistinguishable(*run_sync(texts(token, other)))


def test_unknown_answers_are_refused():
    """What could not be compared is refused, rather than taken for equal."""
    with pytest.raises(TypeError, match="object cannot be compared"):
        run_sync(texts(object(), object()))


def test_delivery_is_no_effect():
    """What becomes of messages after the answer is left out: a decoy is discarded where a code is sent."""
    sent, discarded = Recorder(build_auth()), recorder()
    run_sync(sent.auth.register(email=ADA, password=WRONG))
    run_sync(discarded.auth.register(email=ADA, password=WRONG))

    async def deliver(auth):
        await auth.deliver_due()

    runs = [run_sync(each.record(name, deliver)) for name, each in (("sent", sent), ("discarded", discarded))]
    assert [each.auth.courier.letters[-1].kind for each in (sent, discarded)] == [
        MessageKind.CODE,
        MessageKind.ALREADY_REGISTERED,
    ]
    assert_indistinguishable(*runs)


def test_keeping_the_trail_is_no_effect():
    """What housekeeping writes of the trail in the meantime is left out: counts of refusals, and seals."""
    busy, idle = Recorder(build_auth()), Recorder(build_auth())

    async def run(auth):
        await auth.register(email=ADA, password=WRONG)
        if auth is busy.auth:
            auth.note_refusal(InvalidToken())
            assert (await auth.record_refusals(), await auth.seal_audit()) == (1, 2)

    assert_indistinguishable(*(run_sync(each.record("Ada", run)) for each in (busy, idle)))


# --- the recorder -----------------------------------------------------------------------------------------------------


def test_effects_say_what_was_done():
    """The effects of a registration are one hash, apart, and one commit, with one event and one message."""
    effects = run_sync(Recorder(build_auth(courier=Mailbox())).record("Ada", lambda auth: register(auth, ADA)))
    assert (effects.name, effects.offloaded, effects.events) == ("Ada", 1, ("registered",))
    assert effects.answer.startswith("TwoStepSession, xxx")
    assert effects.hashes == ("hash $argon2id$v=19$m=8,t=1,p=1$...$...",)
    assert effects.messages == ("pending in outbox-0, due 0:00:00 later",)
    assert len(effects.commits) == 1
    assert {"Account", "AuditEvent", "Credential", "Identifier", "Message", "TwoStepSession"} <= {*effects.commits[0]}


def test_each_run_is_seen_alone():
    """What was done before a run, or between two, is none of its effects."""
    watched = recorder()
    run_sync(register(watched.auth, EVE))
    effects = run_sync(watched.record("nothing", lambda auth: auth.store.get(_key())))
    assert (effects.answer, effects.hashes, effects.offloaded, effects.commits) == ("None", (), 0, ())


def test_two_runs_at_once_are_refused():
    """Runs that overlap could not be told from each other; after a fault there may be another one."""
    watched = recorder()

    async def nested(auth):
        await watched.record("inner", lambda auth: log_in(auth, ADA))

    with pytest.raises(RuntimeError, match="one run at a time"):
        run_sync(watched.record("outer", nested))
    assert run_sync(watched.record("after", lambda auth: log_in(auth, ADA))).hashes


def test_store_keeps_its_own_ways():
    """The recorder asks the store as it is asked: a store's own way of reading a caller is used."""

    class OneTrip(MemoryStore):
        asked = 0

        async def caller(self, session_id, /):
            self.asked += 1
            return await super().caller(session_id)

        async def get(self, key, /):
            self.asked += 1
            return await super().get(key)

    store = OneTrip()
    watched = Recorder(build_auth(store=store))
    run_sync(watched.auth.store.caller("nobody"))
    run_sync(watched.auth.store.get(_key()))
    assert store.asked == 2


def _key():
    return by_id(Account, "nobody")
