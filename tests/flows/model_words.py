"""The words of the model: what there is in it, and no rule."""

from dataclasses import dataclass, field
from datetime import timedelta

VERIFY, SECOND_FACTOR, RECOVER = "verify", "second-factor", "recover"
CHANGE_ADDRESS = "change-address"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The part of a policy that lives depend on."""

    grace: timedelta
    rotation: timedelta
    inactivity: timedelta
    absolute: timedelta
    pending: timedelta
    challenge: timedelta
    guesses: int
    sendings: int
    failures: int
    window: timedelta


@dataclass(eq=False, kw_only=True)
class Person:
    """Whoever is behind an address; or behind nothing, as where somebody has registered another one's address.

    Who is `nameless` has lost address and username by being deleted before either was proven.  Who has no address has
    lost it to whoever has proven it first.
    """

    address: str | None
    is_decoy: bool
    password: str = ""
    username: str | None = None
    verified: bool = False
    disabled: bool = False
    deleted: bool = False
    nameless: bool = False
    two_factors: bool = False
    epoch: int = 0
    roles: set[str] = field(default_factory=set)
    newest: dict[str, "Challenge"] = field(default_factory=dict)
    failures: dict[str, list[timedelta]] = field(default_factory=dict)


@dataclass(eq=False, kw_only=True)
class Session:
    """A login, or somebody who has not logged in; `over` is what is said of it once it has ended."""

    person: Person | None
    epoch: int = 0
    ends: timedelta
    since: timedelta
    pending: bool = False
    two_factors: bool = False
    over: type | None = None
    generation: int = 1
    rotated: timedelta
    shown: timedelta | None = None


@dataclass(frozen=True)
class Token:
    """What a device keeps of a session: its generation of then."""

    session: Session
    generation: int


@dataclass(eq=False, kw_only=True)
class Challenge:
    """A code that was asked for, and by which session, if it was one; and for which address, if it is to prove one."""

    person: Person
    epoch: int
    purpose: str
    began: timedelta
    asked_by: Session | None = None
    address: str | None = None
    sent: int = 1
    wrong: int = 0
    spent: bool = False
