"""What every use case is given: the ports, and the few steps that several of them share.  No use case is here."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar

from authcore import challenges, rosters, sessions
from authcore.caller_cache import CallerCache
from authcore.challenges import Challenged
from authcore.codes import CODE_KEY
from authcore.decisions import Decision
from authcore.entities import (
    OPERATOR,
    Account,
    AuthenticationSession,
    Device,
    Session,
    SessionRoster,
    TwoStepSession,
)
from authcore.errors import ConfigurationError, InvalidToken
from authcore.flows import Flows, Work
from authcore.hashing import Argon2Hasher
from authcore.keyring import Keyring
from authcore.logbook import log_refusal
from authcore.occasion import Ids, Occasion, timed_id
from authcore.passwords import accept_new
from authcore.policy import Policy
from authcore.ports import CaptchaRenderer, Clock, Courier, Entropy, Offload, PasswordHasher, Store, Transaction, by_id
from authcore.principal import Principal, authenticate
from authcore.refusals import RefusalCounts
from authcore.rosters import Listed
from authcore.rotation import Circumstances, Presentation
from authcore.system import SystemClock, SystemEntropy, inline, unheard
from authcore.tokens import Reference, TokenKind, Tokens

__all__ = ["Issued", "Parts"]

S = TypeVar("S", bound=Session)


@dataclass(frozen=True, slots=True)
class Issued(Generic[S]):
    """A session, and the token that refers to it; the token is a secret, and left out of `repr`."""

    session: S
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The ports and settings that an application chooses."""

    store: Store
    keyring: Keyring
    courier: Courier
    policy: Policy = field(default_factory=Policy)
    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)
    hasher: PasswordHasher = field(default_factory=Argon2Hasher.rfc9106_low_memory)
    offload: Offload = inline
    renderer: CaptchaRenderer | None = None
    """What draws and speaks captchas; without one, the `captcha` package does."""
    rendering: Offload = inline
    """Where it does so: apart from hashes, so that neither waits for the other."""
    posted: Callable[[], None] = unheard
    """Called after a commit that left a message in the outbox, so that somebody may deliver it soon."""
    refusals: RefusalCounts = field(default_factory=RefusalCounts, repr=False, compare=False)
    """What was refused since `record_refusals` was last called."""
    callers: CallerCache = field(default_factory=CallerCache, repr=False, compare=False)
    """What was read of callers of late; `replace` hands it on, but never to another store."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "callers", self.callers.of(self.store))
        if isinstance(self.store, Transaction):
            # Every other flow commits by itself, and may try several times.
            raise ConfigurationError("a transaction is no store: only `register` takes one, as `within`")

    def _new_password(self, password: str, *own_words: str, field: str = "password") -> str:
        return accept_new(
            password,
            min_length=self.policy.password_min_length,
            max_length=self.policy.password_max_length,
            own_words=[word for word in (*self.policy.own_words, *own_words) if word],
            field=field,
        )

    def _answer(
        self, occasion: Occasion, asked: Challenged, *, purpose: str, code: str, asked_by: str | None = None
    ) -> Decision[TwoStepSession]:
        challenge = asked.challenge
        key = None if challenge is None else self.keyring.derive(challenge.code_key, CODE_KEY)
        return challenges.answer(occasion, asked, purpose=purpose, asked_by=asked_by, given=code, key=key)

    def _operation(self, by: str | None) -> Occasion:
        """Return the occasion of what an operator does; `by` is the id of his account, if he has one."""
        return replace(self._occasion(), actor=by or OPERATOR)

    def _occasion(self, device: Device | None = None) -> Occasion:
        now = self.clock.now()
        ids = Ids(
            account=self._id(),
            session=self._id(),
            message=self._timed_id(now),
            event=self._timed_id(now),
            salt=self._id(),
        )
        return Occasion(
            now=now, device=device or Device(), policy=self.policy, ids=ids, code_key=self.keyring.newest_kid
        )

    def _presentation(
        self,
        reference: Reference,
        work: Work,
        device: Device | Callable[[], Device] | None,
        *,
        tag: str | None = None,
        rotate: bool = False,
    ) -> Presentation:
        def circumstances() -> Circumstances:
            return Circumstances(
                device=(device() if callable(device) else device) or Device(),
                event=work.once("event", lambda: self._timed_id(work.now)),
                salt=work.once("salt", self._id),
            )

        return Presentation(
            generation=reference.generation,
            now=work.now,
            policy=self.policy,
            circumstances=circumstances,
            rotate=rotate,
            tag=tag,
        )

    def _timed_id(self, now: datetime) -> str:
        return timed_id(now, self._id())

    async def _identified(self, work: Work, reference: Reference, device: Device | None) -> Decision[Principal]:
        return authenticate(await work.caller(reference.id), self._presentation(reference, work, device))

    async def _listed(
        self, work: Work, account: Account, *, amr: tuple[str, ...], instead_of: AuthenticationSession | None
    ) -> Listed | None:
        """Return the roster that a session with these factors will join, if there is one already.

        Only where it is full the sessions that stand there are looked up, one by one, and whatever else is over is not:
        past the flow's guard, since each rotates by itself.  Who makes room is written at the version that was seen.
        """
        pending = sessions.lacks_factor(account=account, amr=amr, policy=self.policy)
        name = rosters.roster_id(account.id, epoch=account.epoch, pending=pending)
        roster = await work.get(by_id(SessionRoster, name))
        if roster is None:
            return None
        left = None if instead_of is None else instead_of.id
        if rosters.has_room(roster, limit=self.policy.sessions_per_account, instead_of=left):
            return Listed(roster=roster)
        found = [await work.weak.get(by_id(AuthenticationSession, each)) for each in roster.session_ids]
        return Listed(roster=roster, sessions=[session for session in found if session is not None])

    def _id(self) -> str:
        """Draw 160 random bits (OWASP ASVS 7.2.3 asks for 128)."""
        return base64.urlsafe_b64encode(self.entropy.token_bytes(20)).rstrip(b"=").decode()

    def _salt(self) -> bytes:
        return self.entropy.token_bytes(16)

    def _decode(self, kind: TokenKind, token: str) -> Reference:
        try:
            return self._tokens.decode(kind, token, now=self.clock.now())
        except InvalidToken as refusal:
            log_refusal(refusal)
            raise

    def _issued(self, kind: TokenKind, session: S) -> Issued[S]:
        # All from the row: two tokens of one generation say the same, whoever made them.
        generation, issued_at = (
            (session.generation, session.rotated_at)
            if isinstance(session, AuthenticationSession)
            else (1, session.created_at)
        )
        reference = Reference(id=session.id, generation=generation, issued_at=issued_at, expires_at=session.expires_at)
        return Issued(session, self._tokens.encode(kind, reference))

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self.keyring, self.policy.issuer, self.policy.audience)

    @cached_property
    def _flows(self) -> Flows:
        return Flows(
            store=self.store,
            clock=self.clock,
            entropy=self.entropy,
            offload=self.offload,
            posted=self.posted,
            callers=self.callers,
            attempts=self.policy.flow_attempts,
            patience=self.policy.flow_patience,
        )
