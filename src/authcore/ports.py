"""What authcore needs from the outside: storage, time, randomness, hashing, delivery.

Each docstring is the law book of its port.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

from authcore.entities import Account, AuthenticationSession, Entity, Grant, Letter, Role, can_be_stored, keys_of
from authcore.errors import InvalidInput
from authcore.rendering import Rendering

__all__ = [
    "Caller",
    "CaptchaRenderer",
    "Catalogue",
    "Clock",
    "ClosableStore",
    "Courier",
    "Entropy",
    "Housekeeping",
    "Key",
    "Offload",
    "PasswordHasher",
    "Reader",
    "Store",
    "Transaction",
    "by_field",
    "by_id",
    "by_owner",
]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key(Generic[E]):
    """Names entities of one kind whose `field` equals `value` exactly, in order of id.

    Given `after`, only those whose id comes after it by code point.  The first `skip` of them are left out, and of the
    others all but the first `limit`.
    """

    kind: type[E]
    field: str
    value: str
    limit: int | None = None
    skip: int = 0
    after: str | None = None


def by_id(kind: type[E], value: str) -> Key[E]:
    """Name the one entity of a kind that has this id."""
    return Key(kind, "id", value)


def by_owner(kind: type[E], value: str, *, limit: int | None = None, skip: int = 0, after: str | None = None) -> Key[E]:
    """Name all entities of a kind that belong to one owner, or `limit` of them (at least 1) after the first `skip`.

    Given `after`, those are counted whose id comes after it.
    Raises TypeError if the kind has no owner, and ValueError for a limit below 1, or something else below 0.
    """
    if kind.OWNER is None:
        raise TypeError(f"{kind.__name__} has no owner to be found by")
    return by_field(kind, kind.OWNER, value, limit=limit, skip=skip, after=after)


def by_field(
    kind: type[E], field: str, value: str, *, limit: int | None = None, skip: int = 0, after: str | None = None
) -> Key[E]:
    """Name entities as `by_owner` does, by another field that they are found by; TypeError if they are not.

    InvalidInput for an `after` that is no id of anything.
    """
    if field not in keys_of(kind):
        raise TypeError(f"{kind.__name__} is not found by {field}")
    if limit is not None and limit < 1:
        raise ValueError("limit must be at least 1")
    if skip < 0:
        raise ValueError("skip must be at least 0")
    if after is not None and not can_be_stored(after):
        raise InvalidInput("after", "forbidden_character")
    return Key(kind, field, value, limit, skip, after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What an authenticated request reads: a session, its account, and what the account was granted."""

    session: AuthenticationSession | None = None
    account: Account | None = None
    grants: Sequence[Grant] = ()
    roles: Sequence[Role] = ()


class Reader(Protocol):
    """Reads entities as they were last committed.

    Values are compared exactly: case, accents, trailing spaces.  Deleted entities are returned like any other.
    Absence is an empty answer, never an exception; StoreFault means that the store could not answer.
    """

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return all entities that `key` names, in order of id (compared by code point)."""
        ...

    async def get(self, key: Key[E], /) -> E | None:
        """Return the one entity that `key` names, or None."""
        found = await self.find(key)
        return found[0] if found else None

    async def caller(self, session_id: str, /) -> Caller:
        """Return what an authenticated request needs.

        Derived: a store may override it by one round trip, with the answer that this default gives.  The account is
        read after the session and the roles last, so that a revocation in between is seen.
        """
        session = await self.get(by_id(AuthenticationSession, session_id))
        if session is None or session.account_id is None:
            return Caller(session=session)
        account = await self.get(by_id(Account, session.account_id))
        grants = [grant for grant in await self.find(by_owner(Grant, session.account_id)) if grant.deleted_at is None]
        roles = [role for grant in grants if (role := await self.get(by_id(Role, grant.role))) is not None]
        return Caller(session=session, account=account, grants=tuple(grants), roles=tuple(roles))


class Store(Reader, Protocol):
    """Keeps entities.  It reads no clock, retries nothing and contains no rule of the domain."""

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Store `writes`, each at its version plus one, all or nothing.

        Raises Conflict, having surely stored nothing, if any listed entity is not stored at the version it carries;
        version 0 means "not stored".  `unchanged` lists stored entities that must still be as they were read; one of
        them may be written as well, at another version, and then one of the two surely conflicts.
        Every deadlock or serialisation failure of an engine is a Conflict.  Raises StoreFault if the outcome is
        unknown, or nothing could be done; a commit is never retried by the store.
        """
        ...


class ClosableStore(Store, Protocol):
    """A store that holds connections or files, until it is closed."""

    async def aclose(self) -> None:
        """Finish what was begun, and let go of everything; closing twice is no error."""
        ...


@runtime_checkable
class Catalogue(Protocol):
    """Lists what a store keeps, for operators and their tools; no flow reads it."""

    async def page(self, kind: type[E], /, *, beginning: str = "", after: str | None = None, limit: int) -> Sequence[E]:
        """Return the first `limit` entities of a kind, in order of id.

        Only those whose id begins with `beginning`, and comes after `after`, if given, which can be an id itself.
        Ids are compared by code point.  Whatever is stored meanwhile, an entity that was there before is on one page.
        """
        ...


@runtime_checkable
class Housekeeping(Protocol):
    """Removes entities for good, which no flow does that people's requests start, and lists what is old enough.

    A store is one, too.

    What was removed is as if it had never been stored: it is found no more, and its id begins again at version 0.
    """

    async def remove(
        self, removed: Collection[Entity], writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
    ) -> None:
        """Remove `removed` and store `writes` as one commit, all or nothing.

        Raises Conflict, having done nothing, if any listed entity is not stored at the version it carries; and whatever
        else `Store.commit` says holds here.
        """
        ...

    async def aged(self, kind: type[E], /, *, before: datetime, after: E | None = None, limit: int) -> Sequence[E]:
        """Return the first `limit` entities of a kind whose `DATED` field lies before a time, oldest first.

        Of the same age they come in order of id, by code point.  `after` is an entity that was returned before, and has
        perhaps been removed since: only what comes after it is returned.  Deleted entities are returned like any other.
        It is asked for kinds that have such a field only.
        """
        ...


@runtime_checkable
class Transaction(Reader, Protocol):
    """A transaction that the application has open, and which a flow may take part in.

    It sees what was written in it before.  It is no Store, and commits nothing: that is the application's.
    Reads raise Conflict, too, where the engine lets the transaction go no further because somebody else was first.
    """

    async def stage(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Write as `Store.commit` does, all or nothing, so that it lasts once the application has committed.

        Raises Conflict with none of it in the transaction, which is then as it was before.  After a StoreFault the
        transaction is to be rolled back.
        """
        ...


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Return the time as an aware datetime in UTC; it never steps back within a process."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait for at least this long."""
        ...


class Entropy(Protocol):
    """Makes randomness that nobody can guess."""

    def token_bytes(self, count: int, /) -> bytes:
        """Return `count` bytes from a cryptographically secure source."""
        ...


class PasswordHasher(Protocol):
    """Hashes passwords, slowly and synchronously; its arguments decide its answer, and it draws no randomness.

    Instances are hashable, and equal instances give equal answers.
    """

    def hash(self, password: str, salt: bytes, /) -> str:
        """Return a hash that names its own algorithm and parameters."""
        ...

    def verify(self, stored: str, password: str, /) -> bool:
        """Tell whether the password has this hash; False for a hash that is malformed or dearer than the caps allow."""
        ...

    def knows(self, stored: str, /) -> bool:
        """Tell whether a password could have this hash: whether it is well-formed, and within the caps."""
        ...

    def needs_rehash(self, stored: str, /) -> bool:
        """Tell whether the hash was made with other parameters than those of now."""
        ...

    def dummy(self) -> str:
        """Return a hash of today's parameters that no password has, so that strangers cost the same as members."""
        ...


class CaptchaRenderer(Protocol):
    """Shows a code to people, and hides it from programs as well as it can; synchronous, and costly.

    Each rendering of a code may be another one.  Raises RenderingFault, or Overloaded, if there is none this time.
    """

    def picture(self, code: str, /) -> Rendering:
        """Return a picture of the code."""
        ...

    def sound(self, code: str, /) -> Rendering:
        """Return a sound of the code, letter by letter."""
        ...


class Offload(Protocol):
    """Runs costly work where it stops nobody else."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return the result of `work`; raises Overloaded if too much is waiting already."""
        ...


class Courier(Protocol):
    """Brings letters to their destination: by mail, by text message."""

    async def send(self, letter: Letter, /) -> None:
        """Send one letter.

        Returns when the letter was accepted.  Raises DeliveryFault if it surely was not; any other exception
        means that the outcome is unknown.
        """
        ...
