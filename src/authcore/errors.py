"""Everything that authcore raises, in one tree.  No other module defines an exception.

AuthcoreError
├── AuthError                  a refusal: the caller may be told `code`, `text` and `evidence`
│   ├── InvalidInput           what was sent cannot be used; nothing was stored
│   │   ├── InvalidIdentifier  not an email address, phone number or username
│   │   ├── InvalidPassword    a new password breaks the password policy
│   │   └── InvalidPermission  not of the form domain:action:instance
│   ├── MalformedRequest       the request itself cannot be read (duplicate cookie, broken JSON, ...)
│   ├── RequestTooLarge        the body is longer than the endpoint reads
│   ├── UnsupportedMediaType   the body is not application/json
│   ├── MethodNotAllowed       the endpoint exists, the method does not
│   ├── CrossSiteRequest       a state-changing request that came from another site
│   ├── NotAuthenticated       no credential was presented
│   ├── InvalidCredentials     identifier and password do not name an account that may log in
│   ├── InvalidToken           a token of any broken, foreign or dead kind; the leaves below look alike from outside
│   │   ├── SessionExpired     a deadline has passed
│   │   ├── SessionRevoked     ended by a change of password, of status, or by hand
│   │   └── SessionClosed      logged out, or superseded by its successor
│   ├── SecondFactorRequired   a pending session: its second factor comes first
│   ├── SecondFactorFulfilled  a session that needs no second factor (any more)
│   ├── SecondFactorUnavailable  the account has no address that a second factor may go to
│   ├── ReauthenticationRequired  logged in, but too long ago for this action
│   ├── AccountUnverified      told only after the right password
│   ├── AccountDisabled        told only after the right password
│   ├── AccountDeleted         told only after the right password
│   ├── AccountNotFound        for operators; no endpoint tells it
│   ├── AccountErased          for operators: what would have to come back is gone
│   ├── StateUnchanged         it is so already: disabled twice, restored undeleted, ended before
│   ├── UsernameTaken          usernames are public
│   ├── IdentifierTaken        for operators, who may know; no endpoint tells it
│   ├── RoleMismatch           a role of that name grants something else
│   ├── CodeMismatch           a wrong code, with the attempts that are left
│   ├── ChallengeEnded         spent, expired, revoked or unknown: ask for a new code
│   │   └── AttemptsExhausted  too many wrong codes
│   ├── TwoStepRequired        a handler that wants a code for its purpose first
│   ├── CaptchaRequired        a handler that wants a captcha answered first
│   ├── ResendLimit            the code was sent as often as the policy allows
│   ├── Throttled              it was done too often of late; told is when to try again
│   ├── PasswordMismatch       the current password, given once more, is wrong
│   └── PermissionDenied       authenticated, and not allowed
├── Fault                      nobody's mistake: try again later; the text says no more
│   ├── StoreFault             the store failed; whether a commit took place may be unknown
│   ├── Contention             the flow lost too many races; nothing was stored
│   │   └── RaceLost           the one attempt within the application's transaction lost its race; begin it again
│   ├── Overloaded             the queue for costly work is full; nothing was stored
│   ├── RenderingFault         a captcha could not be drawn or spoken
│   └── DeliveryFault          a courier could not send; the message stays in the outbox
├── Conflict                   a commit met a newer version and stored nothing; only `flows` sees it
└── ConfigurationError         unsafe or contradictory settings; raised when they are built
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import ClassVar, Final

__all__ = [
    "AccountDeleted",
    "AccountDisabled",
    "AccountErased",
    "AccountNotFound",
    "AccountUnverified",
    "AttemptsExhausted",
    "AuthError",
    "AuthcoreError",
    "CaptchaRequired",
    "ChallengeEnded",
    "CodeMismatch",
    "ConfigurationError",
    "Conflict",
    "Contention",
    "CrossSiteRequest",
    "DeliveryFault",
    "Fault",
    "IdentifierTaken",
    "InvalidCredentials",
    "InvalidIdentifier",
    "InvalidInput",
    "InvalidPassword",
    "InvalidPermission",
    "InvalidToken",
    "MalformedRequest",
    "MethodNotAllowed",
    "NotAuthenticated",
    "Overloaded",
    "PasswordMismatch",
    "PermissionDenied",
    "RaceLost",
    "ReauthenticationRequired",
    "RenderingFault",
    "RequestTooLarge",
    "ResendLimit",
    "RoleMismatch",
    "SecondFactorFulfilled",
    "SecondFactorRequired",
    "SecondFactorUnavailable",
    "SessionClosed",
    "SessionExpired",
    "SessionRevoked",
    "StateUnchanged",
    "StoreFault",
    "Throttled",
    "TwoStepRequired",
    "UnsupportedMediaType",
    "UsernameTaken",
]


_NOTHING: Final[Mapping[str, str | int]] = MappingProxyType({})


class AuthcoreError(Exception):
    """The root of the tree."""


class AuthError(AuthcoreError):
    """A refusal that its caller may be told about.

    `code` is stable and machine-readable; `text` is safe to show to anyone; `evidence` holds what the caller needs
    besides (attempts left, the field at fault).  `cause` is private: it belongs in a log, never in an answer.
    """

    code: ClassVar[str] = "refused"
    text: ClassVar[str] = "The request was refused."

    in_log: bool = False
    """Whether the log has told of it: it is told once, however often it is raised again."""
    in_trail: bool = False
    """Whether an event tells of it, or it is counted for one."""

    def __init__(self, *, cause: str = "", evidence: Mapping[str, str | int] = _NOTHING) -> None:
        super().__init__(self.text)
        self.cause = cause
        self._evidence = dict(evidence)

    @property
    def evidence(self) -> Mapping[str, str | int]:
        """What the caller needs to go on, besides the code."""
        return MappingProxyType(self._evidence)

    def __reduce__(self) -> tuple[object, ...]:
        """Let a refusal cross a process boundary as it is."""
        return _restored, (type(self), self.__dict__)


def _restored(kind: type[AuthError], state: dict[str, object]) -> AuthError:
    refusal = kind.__new__(kind, kind.text)
    refusal.__dict__.update(state)
    return refusal


class InvalidInput(AuthError):
    """A field cannot be used: `field` names it and `reason` is a stable code."""

    code = "invalid_input"
    text = "A field is missing or cannot be used; see `field` and `reason`."

    def __init__(self, field: str, reason: str, *, cause: str = "") -> None:
        super().__init__(cause=cause, evidence={"field": field, "reason": reason})
        self.field = field
        self.reason = reason


class InvalidIdentifier(InvalidInput):
    """Not an email address, phone number or username that can be used."""

    code = "invalid_identifier"
    text = "This is not an email address, phone number or username that can be used; see `field` and `reason`."


class InvalidPassword(InvalidInput):
    """A new password breaks the policy: too short, too long, too common, or made of the account's own words."""

    code = "invalid_password"
    text = "Choose another password; `reason` says what is wrong with this one."

    def __init__(self, reason: str, *, field: str = "password", cause: str = "") -> None:
        super().__init__(field, reason, cause=cause)


class InvalidPermission(InvalidInput, ValueError):
    """A permission is not of the form domain:action:instance."""

    code = "invalid_permission"
    text = "Write a permission as domain:action:instance, with comma lists and * as wildcard."

    def __init__(self, reason: str, *, field: str = "permission", cause: str = "") -> None:
        super().__init__(field, reason, cause=cause)


class MalformedRequest(AuthError):
    """The request cannot be read; `reason` is a stable code."""

    code = "malformed_request"
    text = "The request cannot be read; `reason` says why."

    def __init__(self, reason: str, *, cause: str = "") -> None:
        super().__init__(cause=cause, evidence={"reason": reason})
        self.reason = reason


class RequestTooLarge(AuthError):
    """The body is longer than the endpoint reads."""

    code = "request_too_large"
    text = "The request body is too long."


class UnsupportedMediaType(AuthError):
    """The body is not application/json."""

    code = "unsupported_media_type"
    text = "Send the body as application/json."


class MethodNotAllowed(AuthError):
    """The endpoint exists, but not with this method; `allowed` names the ones it has."""

    code = "method_not_allowed"
    text = "This endpoint does not take that method."

    def __init__(self, *allowed: str) -> None:
        super().__init__()
        self.allowed = allowed


class CrossSiteRequest(AuthError):
    """A request that changes state came from another site, or did not say from where."""

    code = "cross_site_request"
    text = "This request did not come from a page of this site; send an Origin header that the application allows."


class NotAuthenticated(AuthError):
    """No credential was presented where one is needed."""

    code = "not_authenticated"
    text = "Log in first."


class InvalidCredentials(AuthError):
    """Identifier and password do not name an account that may log in; it is not said why."""

    code = "invalid_credentials"
    text = "The identifier or the password is wrong, or the address has not been verified yet."


class InvalidToken(AuthError):
    """A token of any broken, foreign or dead kind; `cause` tells which, in the log only."""

    code = "invalid_token"
    text = "The token is not valid (any more). Log in, or ask for a new code."


class SessionExpired(InvalidToken):
    """The session's inactivity or absolute deadline has passed."""


class SessionRevoked(InvalidToken):
    """The session was ended by a change of its account, or by hand."""


class SessionClosed(InvalidToken):
    """The session was logged out, or superseded by a newer one."""


class SecondFactorRequired(AuthError):
    """The session is pending: it counts for nothing but for meeting its second factor."""

    code = "second_factor_required"
    text = "Enter the code of the second factor first."


class SecondFactorFulfilled(AuthError):
    """The session needs no second factor, or has met it already."""

    code = "second_factor_fulfilled"
    text = "This session needs no second factor (any more)."


class SecondFactorUnavailable(AuthError):
    """The account has no address of a kind that the policy lets a second factor go to: it stays locked out."""

    code = "second_factor_unavailable"
    text = "This account has no address that a code of the second factor may be sent to. Ask an operator."


class ReauthenticationRequired(AuthError):
    """The session counts, but its holder has authenticated too long ago; `max_age` seconds ago is too long."""

    code = "reauthentication_required"
    text = "Give your password once more, and try again."

    def __init__(self, within: timedelta) -> None:
        # Seconds are all that a client is told (RFC 9470 section 3): never fewer than there are.
        max_age = math.ceil(within.total_seconds())
        super().__init__(evidence={"max_age": max_age})
        self.max_age = max_age


class AccountUnverified(AuthError):
    """The account has not proven its address yet."""

    code = "account_unverified"
    text = "The account is not verified yet. Ask for a new code."


class AccountDisabled(AuthError):
    """The account was disabled by an operator."""

    code = "account_disabled"
    text = "The account is disabled."


class AccountDeleted(AuthError):
    """The account was deleted."""

    code = "account_deleted"
    text = "The account is deleted."


class AccountNotFound(AuthError):
    """No account has that id; told to operators and never by an endpoint."""

    code = "account_not_found"
    text = "There is no such account."


class AccountErased(AuthError):
    """The account was erased: what would have to come back is gone; told to operators and never by an endpoint."""

    code = "account_erased"
    text = "The account was erased. It cannot come back."


class StateUnchanged(AuthError):
    """What was to be changed is so already: an account that is disabled, a session that has ended, and the like."""

    code = "state_unchanged"
    text = "It is so already; nothing was changed."


class UsernameTaken(AuthError):
    """Another account holds the username; usernames are public."""

    code = "username_taken"
    text = "This username is taken. Choose another one."


class IdentifierTaken(AuthError):
    """Another account holds the name, proven or not; told to operators and never by an endpoint."""

    code = "identifier_taken"
    text = "Another account holds this address or username; see `field`."


class RoleMismatch(AuthError):
    """A role of that name exists and grants something else; it is never changed silently."""

    code = "role_mismatch"
    text = "A role of this name exists and grants something else."


class CodeMismatch(AuthError):
    """A wrong code: `attempts_left` more may be tried."""

    code = "code_mismatch"
    text = "The code is wrong."

    def __init__(self, *, attempts_left: int) -> None:
        super().__init__(evidence={"attempts_left": attempts_left})
        self.attempts_left = attempts_left


class ChallengeEnded(AuthError):
    """The challenge is spent, expired, revoked or unknown."""

    code = "challenge_ended"
    text = "The code is not valid any more. Ask for a new one."


class AttemptsExhausted(ChallengeEnded):
    """Too many wrong codes were tried; the challenge is over for ever."""

    code = "attempts_exhausted"
    text = "Too many wrong codes. Ask for a new one."


class TwoStepRequired(AuthError):
    """The handler wants a code for its `purpose`, and the request carries none."""

    code = "two_step_required"
    text = "Ask for a code for this purpose, and send it with the request."

    def __init__(self, purpose: str) -> None:
        super().__init__(evidence={"purpose": purpose})
        self.purpose = purpose


class CaptchaRequired(AuthError):
    """The handler wants a captcha, or the answer to one, and the request carries none."""

    code = "captcha_required"
    text = "Ask for a captcha first; its answer goes with the request."


class ResendLimit(AuthError):
    """A code was sent as often as the policy allows; it still holds."""

    code = "resend_limit"
    text = "This code was sent often enough. Enter it, or ask for a new one."


class Throttled(AuthError):
    """It was done as often as the policy allows, by whoever shares the caller's network or the like.

    After `retry_after` seconds, at least 1, it may be tried again.
    """

    code = "throttled"
    text = "This was done too often. Wait a while, and try again."

    def __init__(self, *, retry_after: int, cause: str = "") -> None:
        super().__init__(evidence={"retry_after": retry_after}, cause=cause)
        self.retry_after = retry_after


class PasswordMismatch(AuthError):
    """The current password, asked for once more before a change, is wrong."""

    code = "password_mismatch"
    text = "The current password is wrong."


class PermissionDenied(AuthError):
    """The principal is authenticated and lacks a permission."""

    code = "permission_denied"
    text = "You are not allowed to do this."


class Fault(AuthcoreError):
    """Nobody's mistake: the caller may try again later.  The message is for logs only."""

    code: ClassVar[str] = "unavailable"
    text: ClassVar[str] = "The server cannot answer right now. Try again in a moment."


class StoreFault(Fault):
    """The store failed.  Raised from a commit, it leaves open whether the commit took place."""


class Contention(Fault):
    """A flow lost too many races in a row; nothing was stored."""


class RaceLost(Contention):
    """The one attempt of a flow within the application's transaction met something newer, and left nothing there.

    The transaction is as it was before.  It may still see what is outdated: roll it back, and begin it again.
    """


class Overloaded(Fault):
    """The queue for costly work is full; nothing was stored."""


class RenderingFault(Fault):
    """A captcha could not be drawn or spoken; the message tells the log why."""


class DeliveryFault(Fault):
    """A courier could not send a message, and surely did not; it stays in the outbox and is tried again."""


class Conflict(AuthcoreError):
    """A commit met an entity at another version than the one it carries, and stored nothing."""


class ConfigurationError(AuthcoreError, ValueError):
    """Settings are unsafe or contradict each other; the message says which and what to do."""
