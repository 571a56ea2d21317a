"""Errors: one tree, with stable codes, and texts that anybody may read."""

import copy
import inspect
import pickle
import re
from datetime import timedelta

import pytest

from authcore import errors
from authcore.errors import AuthcoreError, AuthError, Fault

CODES = {
    "AccountDeleted": "account_deleted",
    "AccountDisabled": "account_disabled",
    "AccountErased": "account_erased",
    "AccountNotFound": "account_not_found",
    "AccountUnverified": "account_unverified",
    "AttemptsExhausted": "attempts_exhausted",
    "AuthError": "refused",
    "CaptchaRequired": "captcha_required",
    "ChallengeEnded": "challenge_ended",
    "CodeMismatch": "code_mismatch",
    "CrossSiteRequest": "cross_site_request",
    "IdentifierTaken": "identifier_taken",
    "InvalidCredentials": "invalid_credentials",
    "InvalidIdentifier": "invalid_identifier",
    "InvalidInput": "invalid_input",
    "InvalidPassword": "invalid_password",
    "InvalidPermission": "invalid_permission",
    "InvalidToken": "invalid_token",
    "MalformedRequest": "malformed_request",
    "MethodNotAllowed": "method_not_allowed",
    "NotAuthenticated": "not_authenticated",
    "PasswordMismatch": "password_mismatch",
    "PermissionDenied": "permission_denied",
    "ReauthenticationRequired": "reauthentication_required",
    "RequestTooLarge": "request_too_large",
    "ResendLimit": "resend_limit",
    "Throttled": "throttled",
    "TwoStepRequired": "two_step_required",
    "RoleMismatch": "role_mismatch",
    "SecondFactorFulfilled": "second_factor_fulfilled",
    "SecondFactorRequired": "second_factor_required",
    "SecondFactorUnavailable": "second_factor_unavailable",
    "SessionClosed": "invalid_token",
    "SessionExpired": "invalid_token",
    "SessionRevoked": "invalid_token",
    "StateUnchanged": "state_unchanged",
    "UnsupportedMediaType": "unsupported_media_type",
    "UsernameTaken": "username_taken",
    "Fault": "unavailable",
    "StoreFault": "unavailable",
    "Contention": "unavailable",
    "RaceLost": "unavailable",
    "Overloaded": "unavailable",
    "DeliveryFault": "unavailable",
    "RenderingFault": "unavailable",
}
"""The codes that clients have been promised: one may be added, and none changed."""

ARGUMENTS = {
    "InvalidIdentifier": ("email", "empty"),
    "InvalidInput": ("field", "reason"),
    "InvalidPassword": ("too_short",),
    "InvalidPermission": ("empty",),
    "MalformedRequest": ("broken",),
    "MethodNotAllowed": ("GET", "POST"),
    "ReauthenticationRequired": (timedelta(minutes=5),),
    "TwoStepRequired": ("pay",),
}

NAMED = {"CodeMismatch": {"attempts_left": 3}, "Throttled": {"retry_after": 60}}


def _classes() -> list[type[AuthcoreError]]:
    defined = (item for item in vars(errors).values() if inspect.isclass(item) and item.__module__ == errors.__name__)
    return [item for item in defined if issubclass(item, BaseException)]


def _made(kind: type[AuthcoreError]) -> AuthcoreError:
    return kind(*ARGUMENTS.get(kind.__name__, ()), **NAMED.get(kind.__name__, {}))


REFUSALS = [kind for kind in _classes() if issubclass(kind, AuthError)]
TOLD = [kind for kind in _classes() if issubclass(kind, AuthError | Fault)]


def _tree() -> set[tuple[str, str | None]]:
    """Return each name that the module's docstring draws, with the one it hangs on."""
    path: list[str] = []
    drawn: set[tuple[str, str | None]] = set()
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"([│├└─ ]*)([A-Z]\w+)(?:  |$)", line)
        if match is not None:
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            drawn.add((match[2], path[depth - 1] if depth else None))
    return drawn


def test_docstring_draws_the_tree():
    """The module's docstring draws exactly the tree that there is."""
    real = {(kind.__name__, kind.__base__.__name__ if kind is not AuthcoreError else None) for kind in _classes()}
    assert _tree() == real


def test_exports_are_complete():
    """Every exception is exported, and nothing else."""
    assert sorted(errors.__all__) == sorted(kind.__name__ for kind in _classes())


def test_codes_are_stable():
    """Every refusal and fault has the code that clients were promised."""
    assert {kind.__name__: kind.code for kind in TOLD} == CODES


def test_codes_are_unique_or_inherited():
    """A code that a class gives itself is given by no other class."""
    own = [kind.code for kind in TOLD if "code" in vars(kind)]
    assert len(own) == len(set(own))


@pytest.mark.parametrize("kind", TOLD)
def test_codes_are_plain_words(kind):
    """A code is lower-case ASCII words, so that it may stand in a header, a URL or a log."""
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)


@pytest.mark.parametrize("kind", TOLD)
def test_texts_are_constant_sentences(kind):
    """A public text is whole sentences of printable ASCII, with no place for a value."""
    assert re.fullmatch(r"[A-Z][^{}%]*\.", kind.text)
    assert kind.text.isascii()
    assert kind.text.isprintable()


@pytest.mark.parametrize("kind", [kind for kind in REFUSALS if "cause" in str(inspect.signature(kind))])
def test_cause_is_private(kind):
    """The cause is kept for the log, and stands neither in the message nor in the repr."""
    refusal = kind(*ARGUMENTS.get(kind.__name__, ()), **NAMED.get(kind.__name__, {}), cause="s3cret")
    assert refusal.cause == "s3cret"
    assert "s3cret" not in f"{refusal!s} {refusal!r} {refusal.args} {dict(refusal.evidence)}"


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusals_say_their_text(kind):
    """The message of a refusal is its public text, whatever it was made with."""
    assert str(_made(kind)) == kind.text


@pytest.mark.parametrize("kind", REFUSALS)
def test_evidence_cannot_be_changed(kind):
    """What a refusal carries is read-only."""
    with pytest.raises(TypeError):
        _made(kind).evidence["field"] = "other"


def test_evidence_is_a_copy():
    """What is done to a mapping after a refusal was made of it does not show."""
    given = {"field": "email"}
    refusal = AuthError(evidence=given)
    given["field"] = "other"
    assert dict(refusal.evidence) == {"field": "email"}


@pytest.mark.parametrize(
    ("refusal", "evidence"),
    [
        (errors.InvalidInput("email", "empty"), {"field": "email", "reason": "empty"}),
        (errors.InvalidPassword("common"), {"field": "password", "reason": "common"}),
        (errors.InvalidPermission("empty"), {"field": "permission", "reason": "empty"}),
        (errors.MalformedRequest("duplicate_cookie"), {"reason": "duplicate_cookie"}),
        (errors.CodeMismatch(attempts_left=2), {"attempts_left": 2}),
        (errors.Throttled(retry_after=60), {"retry_after": 60}),
        (errors.ReauthenticationRequired(timedelta(minutes=5)), {"max_age": 300}),
        (errors.ReauthenticationRequired(timedelta(seconds=1, microseconds=1)), {"max_age": 2}),
        (errors.InvalidCredentials(), {}),
        (errors.SessionRevoked(cause="epoch"), {}),
        (errors.ChallengeEnded(cause="epoch"), {}),
    ],
)
def test_refusals_carry_what_their_caller_needs(refusal, evidence):
    """The evidence of a refusal is what its caller needs to go on, and no more."""
    assert dict(refusal.evidence) == evidence


@pytest.mark.parametrize("kind", [errors.SessionExpired, errors.SessionRevoked, errors.SessionClosed])
def test_dead_tokens_look_alike(kind):
    """Whatever is wrong with a token, code and text are the same."""
    assert (kind.code, kind.text) == (errors.InvalidToken.code, errors.InvalidToken.text)


def test_faults_have_one_text():
    """No fault tells anybody which part of the server it was."""
    assert {(kind.code, kind.text) for kind in TOLD if issubclass(kind, Fault)} == {(Fault.code, Fault.text)}


@pytest.mark.parametrize("kind", [errors.InvalidPermission, errors.ConfigurationError])
def test_programming_mistakes_are_value_errors(kind):
    """What a programmer writes wrongly is a ValueError too."""
    assert issubclass(kind, ValueError)


def test_refusals_can_be_copied():
    """A refusal can be copied and pickled, so that it survives a queue, a process pool or a parallel test runner."""
    broken = []
    for kind in REFUSALS:
        refusal = _made(kind)
        for again in (copy.copy, lambda error: pickle.loads(pickle.dumps(error))):  # noqa: S301  our own bytes
            try:
                same = again(refusal)
            except TypeError:
                broken.append(kind.__name__)
                break
            assert (type(same), str(same), same.evidence, same.cause) == (
                kind,
                str(refusal),
                refusal.evidence,
                refusal.cause,
            )
    assert not broken
