"""The policy: every lifetime, limit and cookie setting, in one frozen value that refuses unsafe mixes.

No secret is here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_network
from typing import Final

from authcore.captcha_settings import CaptchaSettings
from authcore.cookie_settings import CookieSettings
from authcore.environment import PREFIX, READ_ELSEWHERE, read_settings, read_text
from authcore.errors import ConfigurationError
from authcore.identifiers import ADDRESSES, TYPED, IdentifierKind
from authcore.throttle import Throttle

__all__ = ["LONGEST_REVOCATION", "LONGEST_SESSION", "SHORTEST_RETENTION", "AssuranceLevel", "Policy"]

LONGEST_REVOCATION: Final = timedelta(minutes=5)
"""No process sees a revocation later, whatever an application accepts."""

LONGEST_SESSION: Final = timedelta(days=30)
"""No session lasts longer, whatever the policy under which it began."""

SHORTEST_RETENTION: Final = timedelta(hours=1)
"""What is over stays at least so long: longer than any flow takes that has read it, and than clocks differ."""

_SHORTEST_CODE: Final = 6
_FEWEST_CODES: Final = 10**6
_LONGEST_CODE: Final = 32
_LONGEST_NAME: Final = 100
_MOST_ATTEMPTS: Final = 100
_MOST_SENDINGS: Final = 8
_LONGEST_CHALLENGE: Final = timedelta(minutes=10)
_LONGEST_WINDOW: Final = timedelta(days=30)
_LONGEST_PENDING: Final = timedelta(hours=1)
_MOST_SESSIONS: Final = 500
_LONGEST_RETENTION: Final = timedelta(days=36_500)
_LONGEST_UNSEALED: Final = timedelta(hours=1)
_MOST_CODE_SENDINGS: Final = 10
_SHORTEST_PASSWORD: Final = 8
_SHORTEST_ONLY_FACTOR: Final = 15
_LONGEST_AT_AAL2: Final = timedelta(hours=24)
_LONGEST_UNUSED_AT_AAL2: Final = timedelta(hours=1)
_SHORTEST_MAXIMUM: Final = 64
_LONGEST_PASSWORD: Final = 4096


class AssuranceLevel(StrEnum):
    """How sure an application is of who is there (NIST 800-63B-4); nothing here reaches the third level."""

    AAL1 = "aal1"
    AAL2 = "aal2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How an application wants its accounts to behave; the defaults are the strict ones.

    Raises ConfigurationError when it is built, if a value is out of range or two contradict each other.  A duration of
    zero or less never means "for ever": it is refused, but for `revocation_within`, where it is the strictest.
    """

    issuer: str = "authcore"
    """The `iss` of tokens: who made them."""

    audience: str = "authcore"
    """The `aud` of tokens: which application they are for."""

    grace: timedelta = timedelta(seconds=30)
    """How long a rotated token still counts after its successor was first used: for requests under way."""

    rotation: timedelta = timedelta(hours=1)
    """After this long in use a session's token is replaced by its next generation."""

    inactivity: timedelta = timedelta(hours=24)
    """After this long without rotation a person logs in again."""

    absolute: timedelta = timedelta(days=30)
    """After this long a person logs in again, whatever happened; at most 30 days (NIST 800-63B-4 section 2.1.3)."""

    revocation_within: timedelta = timedelta(0)
    """How long a process may go by what it has read of a caller: zero, which asks the store each time, to 5 minutes.

    Whatever ends a session, or takes a permission away, is seen after that at the latest; in the same process at once.
    """

    sessions_per_account: int = 50
    """How many sessions an account may have at once, 1 to 500; and as many pending ones.

    Who logs in gets in, and the session that was not used for longest ends.
    """

    fresh_for: timedelta | None = None
    """How long after the password was given a person may end other sessions; at most 30 days (OWASP ASVS 7.5.2)."""

    level: AssuranceLevel | None = None
    """The level of assurance that all other settings must keep to (NIST 800-63B-4 section 2)."""

    second_factor: bool = False
    """Whether every account needs a second factor; otherwise those which have chosen to."""

    second_factor_time: timedelta = timedelta(minutes=15)
    """How long a pending session waits for its second factor; at most an hour."""

    second_factor_by: frozenset[IdentifierKind] = ADDRESSES
    """Which kinds of address its code may go to; mail is no second channel by NIST 800-63B-4 section 3.1.3.1."""

    challenge: timedelta = timedelta(minutes=10)
    """How long a code holds; at most 10 minutes (OWASP ASVS 6.5.5, NIST 800-63B-4 section 3.1.3.2)."""

    code_alphabet: str = "0123456789"
    """The characters of a code: digits and upper-case ASCII letters."""

    code_length: int = 6
    """How long a code is; alphabet and length must make at least a million codes (OWASP ASVS 6.5.4)."""

    code_attempts: int = 5
    """How many guesses one code allows; at most 100 (NIST 800-63B-4 section 3.2.2)."""

    code_sendings: int = 3
    """How often one code is sent: 1 to 10.  After that a new one must be asked for."""

    challenge_failures: int = 50
    """How many wrong codes an account may give for one purpose in a window, over all codes: 1 to 100.

    As many may be given for another address, by all accounts that want it.
    """

    challenge_window: timedelta = timedelta(hours=24)
    """How long wrong codes are remembered, from the first of them; a right one for that purpose forgets them.

    At most 30 days.
    """

    password_min_length: int = 15
    """In code points: 15 where the password is the only factor, never less than 8 (NIST 800-63B-4 section 3.1.1.2)."""

    password_max_length: int = 256
    """In code points; at least 64."""

    own_words: tuple[str, ...] = ()
    """Words of this application (its name, its company) that must not make a password (OWASP ASVS 6.2.11)."""

    login_with: frozenset[IdentifierKind] = TYPED
    """Which kinds of identifier a person may log in with."""

    password_failures: Throttle = field(default_factory=lambda: Throttle(limit=50, window=timedelta(hours=1)))
    """How many wrong passwords an account may meet in a row; at most 100 (NIST 800-63B-4 section 3.2.2).

    After that not even the right one is tried, until the window is over that began with the first of them.  Sessions
    that are open stay so.  A name that nobody has is treated alike.
    """

    logins_per_network: Throttle = field(default_factory=lambda: Throttle(limit=300, window=timedelta(minutes=10)))
    """How many passwords one network may try, whosever: an IPv4 address, or the /64 of an IPv6 address."""

    registrations_per_network: Throttle = field(default_factory=lambda: Throttle(limit=100, window=timedelta(hours=1)))
    """How many registrations, and further codes for them, one network may ask for: each may send a message.

    As many changes of address are allowed besides.
    """

    recoveries_per_network: Throttle = field(default_factory=lambda: Throttle(limit=100, window=timedelta(hours=1)))
    """How many codes for forgotten passwords one network may ask for, whosever."""

    recoveries_per_name: Throttle = field(default_factory=lambda: Throttle(limit=10, window=timedelta(hours=1)))
    """How many of them are sent to one address; at most half of them because one network asks.

    After that nothing is sent, which nothing tells: whoever asks is answered as before.
    """

    codes_per_address: Throttle = field(default_factory=lambda: Throttle(limit=20, window=timedelta(hours=1)))
    """How many codes for one purpose go to one address, whoever asks; those that an application chooses are one."""

    messages_overall: Throttle = field(default_factory=lambda: Throttle(limit=10_000, window=timedelta(hours=1)))
    """How many messages strangers cause together by asking for codes, and members as many; notices do not count."""

    bearer: bool = False
    """Whether endpoints return tokens in their bodies and set no cookie: for clients that are not browsers."""

    origins: frozenset[str] = frozenset()
    """The origins (`https://app.example`) whose pages may change state; the application's own one belongs here too."""

    trusted_proxies: frozenset[str] = frozenset()
    """The networks (`10.0.0.0/8`, `192.0.2.7`) of your own proxies, whose `X-Forwarded-For` is believed.

    Without them all clients behind a proxy are one, and share its throttles.
    """

    session_cookie: CookieSettings = field(default_factory=lambda: CookieSettings(name="__Host-authcore"))
    """The cookie of a person who is logged in."""

    challenge_cookie: CookieSettings = field(default_factory=lambda: CookieSettings(name="__Host-authcore-two-step"))
    """The cookie of a person who is about to enter a code."""

    captcha: CaptchaSettings = field(default_factory=CaptchaSettings)
    """What captchas are like."""

    captcha_cookie: CookieSettings = field(default_factory=lambda: CookieSettings(name="__Host-authcore-captcha"))
    """The cookie of a person who is shown a captcha."""

    message_attempts: int = 6
    """How often a message is tried before it is given up: 1 to 8.  The pauses begin at 5 seconds, and grow fourfold.

    Lower it only while the outbox is empty: what has been tried more often than that is not looked at again.
    """

    message_lease: timedelta = timedelta(minutes=2)
    """How long a deliverer holds a message; after that its outcome is unknown and another one may send it."""

    audit_interval: timedelta = timedelta(minutes=1)
    """How often housekeeping in the background writes what was refused, and seals the trail; at most an hour."""

    retention: timedelta = timedelta(days=30)
    """How long what is over is kept before `purge` removes it, from when it counts no more: an hour to 100 years.

    What lasts, or is counted, under this policy lasts and is counted so long first: nothing counts again because it has
    gone.
    """

    audit_retention: timedelta | None = None
    """How old the trail becomes before `purge` removes it, at most 100 years and no less than `retention`.

    Without it the trail is kept for good.
    """

    flow_attempts: int = 12
    """How many races a flow may lose in a row before it answers 503."""

    flow_patience: timedelta = timedelta(seconds=5)
    """How long a flow goes on losing races before it answers 503."""

    def __post_init__(self) -> None:
        """Refuse what is unsafe."""
        problems = [problem for problem, is_so in self._problems().items() if is_so]
        if problems:
            raise ConfigurationError("; ".join(problems))

    @classmethod
    def from_env(
        cls, prefix: str = PREFIX, environ: Mapping[str, str] | None = None, *, besides: Collection[str] = ()
    ) -> "Policy":
        """Read a policy from environment variables: `AUTHCORE_CHALLENGE=5m`, and so on for each setting.

        `environ` is the process's own unless another one is given; `besides` names variables with that prefix that are
        somebody else's.  Raises ConfigurationError, which tells all that is wrong at once and repeats no value: names
        that nothing reads, values that are not of the setting's type, and mixes that are unsafe.
        """
        level = (read_text("LEVEL", prefix=prefix, environ=environ) or "").strip().lower()
        # What is no level at all is told below, with all else that is wrong.
        defaults = {"aal1": cls.aal1, "aal2": cls.aal2}.get(level, cls)()
        elsewhere = (prefix + name for name in READ_ELSEWHERE)
        return read_settings(defaults, prefix=prefix, environ=environ, besides=[*besides, *elsewhere])

    @classmethod
    def aal1(cls, **settings: object) -> "Policy":
        """Return a policy for the first level of assurance of NIST 800-63B-4, with some settings of one's own.

        Raises ConfigurationError if one of them would break the level (sections 2.1 and 3.1.1.2).
        """
        return cls(**(settings | {"level": AssuranceLevel.AAL1}))  # type: ignore[arg-type]  # checked as they are built

    @classmethod
    def aal2(cls, **settings: object) -> "Policy":
        """Return a policy for the second level, with some settings of one's own.

        Everybody needs a second factor, and its code goes to a phone (section 3.1.3.1).  A session ends within 24
        hours, and within one if it is not used (section 2.2.3).  Raises ConfigurationError as `aal1` does.
        """
        strict = {
            "second_factor": True,
            "second_factor_by": frozenset({IdentifierKind.PHONE}),
            "rotation": timedelta(minutes=15),
            "inactivity": _LONGEST_UNUSED_AT_AAL2,
            "absolute": _LONGEST_AT_AAL2,
        }
        return cls(**(strict | settings | {"level": AssuranceLevel.AAL2}))  # type: ignore[arg-type]  # as above

    def _problems(self) -> dict[str, bool]:
        """Each rule, as a sentence that says what to do, and whether it is broken."""
        zero = timedelta(0)
        letters = set(self.code_alphabet)
        return {
            "issuer and audience must be 1 to 100 ASCII characters": not all(
                text.isascii() and 0 < len(text) <= _LONGEST_NAME for text in (self.issuer, self.audience)
            ),
            "grace must be longer than zero and shorter than rotation": not zero < self.grace < self.rotation,
            "rotation must be shorter than inactivity": self.rotation >= self.inactivity,
            "inactivity must be longer than zero and at most absolute": not zero < self.inactivity <= self.absolute,
            "absolute must be at most 30 days": self.absolute > LONGEST_SESSION,
            "revocation_within must be zero to 5 minutes": not zero <= self.revocation_within <= LONGEST_REVOCATION,
            "sessions_per_account must be 1 to 500": not 1 <= self.sessions_per_account <= _MOST_SESSIONS,
            "fresh_for must be longer than zero and at most 30 days, or left out": self.fresh_for is not None
            and not zero < self.fresh_for <= LONGEST_SESSION,
            "at level aal1 password_min_length must be at least 15, unless second_factor is on": self.level
            is AssuranceLevel.AAL1
            and not self.second_factor
            and self.password_min_length < _SHORTEST_ONLY_FACTOR,
            "at level aal2 second_factor must be on, and second_factor_by name no email": self.level
            is AssuranceLevel.AAL2
            and (not self.second_factor or IdentifierKind.EMAIL in self.second_factor_by),
            "at level aal2 absolute must be at most 24 hours, and inactivity at most 1 hour": self.level
            is AssuranceLevel.AAL2
            and (self.absolute > _LONGEST_AT_AAL2 or self.inactivity > _LONGEST_UNUSED_AT_AAL2),
            "second_factor_by must name email, phone or both": not frozenset() < self.second_factor_by <= ADDRESSES,
            "second_factor_time must be longer than zero and at most an hour": not zero
            < self.second_factor_time
            <= _LONGEST_PENDING,
            "challenge must be longer than zero and at most 10 minutes": not zero
            < self.challenge
            <= _LONGEST_CHALLENGE,
            "code_alphabet must be distinct digits and upper-case ASCII letters": len(letters) < len(self.code_alphabet)
            or not self.code_alphabet.isascii()
            or not self.code_alphabet.isalnum()
            or self.code_alphabet != self.code_alphabet.upper(),
            "code_length must be 6 to 32, and make at least a million codes": not _SHORTEST_CODE
            <= self.code_length
            <= _LONGEST_CODE
            or len(letters) ** self.code_length < _FEWEST_CODES,
            "code_attempts must be 1 to 100": not 1 <= self.code_attempts <= _MOST_ATTEMPTS,
            "code_sendings must be 1 to 10": not 1 <= self.code_sendings <= _MOST_CODE_SENDINGS,
            "challenge_failures must be 1 to 100, and challenge_window longer than challenge and at most 30 days": not (
                1 <= self.challenge_failures <= _MOST_ATTEMPTS
                and self.challenge < self.challenge_window <= _LONGEST_WINDOW
            ),
            "password_min_length must be at least 8": self.password_min_length < _SHORTEST_PASSWORD,
            "password_max_length must be 64 to 4096 and at least password_min_length": not max(
                _SHORTEST_MAXIMUM, self.password_min_length
            )
            <= self.password_max_length
            <= _LONGEST_PASSWORD,
            "password_failures must allow at most 100": self.password_failures.limit > _MOST_ATTEMPTS,
            "login_with must name at least one kind of identifier, and only those that a person can type": not (
                frozenset() < self.login_with <= TYPED
            ),
            "trusted_proxies must be networks, such as 10.0.0.0/8, without bits beyond their length": not all(
                map(_is_network, self.trusted_proxies)
            ),
            "session_cookie, challenge_cookie and captcha_cookie must have different names": len(
                {cookie.name for cookie in (self.session_cookie, self.challenge_cookie, self.captcha_cookie)}
            )
            < len(("session", "challenge", "captcha")),
            "message_attempts must be 1 to 8 and message_lease longer than zero": not 1
            <= self.message_attempts
            <= _MOST_SENDINGS
            or self.message_lease <= zero,
            "audit_interval must be longer than zero and at most an hour": not zero
            < self.audit_interval
            <= _LONGEST_UNSEALED,
            "retention must be an hour to 100 years, and longer than flow_patience": not SHORTEST_RETENTION
            <= self.retention
            <= _LONGEST_RETENTION
            or self.retention <= self.flow_patience,
            "audit_retention must be at least retention and at most 100 years, or left out": self.audit_retention
            is not None
            and not self.retention <= self.audit_retention <= _LONGEST_RETENTION,
            "flow_attempts must be 1 to 100 and flow_patience longer than zero": not 1
            <= self.flow_attempts
            <= _MOST_ATTEMPTS
            or self.flow_patience <= zero,
        }


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
