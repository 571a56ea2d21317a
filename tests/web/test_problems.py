"""How refusals and faults look over HTTP: the whole table, held against the whole tree of errors."""

import inspect
import json
from datetime import timedelta
from http import HTTPStatus

import pytest

from authcore import errors
from authcore.errors import AuthError, Fault
from authcore.web.problems import STATUSES, answer_to, problem, problem_schema, status_of, title_of, unexpected

EXPECTED = {
    errors.AuthError: 400,
    errors.InvalidInput: 422,
    errors.InvalidIdentifier: 422,
    errors.InvalidPassword: 422,
    errors.InvalidPermission: 422,
    errors.MalformedRequest: 400,
    errors.RequestTooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.MethodNotAllowed: 405,
    errors.CrossSiteRequest: 403,
    errors.NotAuthenticated: 401,
    errors.InvalidCredentials: 401,
    errors.InvalidToken: 401,
    errors.SessionExpired: 401,
    errors.SessionRevoked: 401,
    errors.SessionClosed: 401,
    errors.ReauthenticationRequired: 403,
    errors.AccountUnverified: 403,
    errors.AccountDisabled: 403,
    errors.AccountDeleted: 403,
    errors.AccountNotFound: 404,
    errors.AccountErased: 410,
    errors.StateUnchanged: 409,
    errors.UsernameTaken: 409,
    errors.IdentifierTaken: 409,
    errors.ResendLimit: 409,
    errors.TwoStepRequired: 403,
    errors.CaptchaRequired: 403,
    errors.Throttled: 429,
    errors.RoleMismatch: 409,
    errors.SecondFactorFulfilled: 409,
    errors.SecondFactorRequired: 401,
    errors.SecondFactorUnavailable: 403,
    errors.ReauthenticationRequired: 401,
    errors.CodeMismatch: 422,
    errors.ChallengeEnded: 410,
    errors.AttemptsExhausted: 410,
    errors.PasswordMismatch: 403,
    errors.PermissionDenied: 403,
    errors.Fault: 503,
    errors.StoreFault: 503,
    errors.Contention: 503,
    errors.RaceLost: 503,
    errors.Overloaded: 503,
    errors.DeliveryFault: 503,
    errors.RenderingFault: 503,
}
CAUSE = "a cause that is nobody's business"
ARGUMENTS = {
    errors.InvalidInput: ("field", "reason"),
    errors.InvalidIdentifier: ("email", "malformed"),
    errors.InvalidPassword: ("common",),
    errors.InvalidPermission: ("empty",),
    errors.MalformedRequest: ("not_json",),
    errors.MethodNotAllowed: ("GET", "POST"),
    errors.TwoStepRequired: ("pay",),
    errors.ReauthenticationRequired: (timedelta(minutes=5),),
}
NAMED = {errors.CodeMismatch: {"attempts_left": 2}, errors.Throttled: {"retry_after": 60}}
EVIDENCE = {
    errors.InvalidInput: {"field": "field", "reason": "reason"},
    errors.InvalidIdentifier: {"field": "email", "reason": "malformed"},
    errors.InvalidPassword: {"field": "password", "reason": "common"},
    errors.InvalidPermission: {"field": "permission", "reason": "empty"},
    errors.MalformedRequest: {"reason": "not_json"},
    errors.CodeMismatch: {"attempts_left": 2},
    errors.TwoStepRequired: {"purpose": "pay"},
    errors.Throttled: {"retry_after": 60},
    errors.ReauthenticationRequired: {"max_age": 300},
}
REALM = b'Bearer realm="authcore"'


def make(kind):
    """Return an error of a kind, with a cause wherever one can be given."""
    if issubclass(kind, Fault):
        return kind(CAUSE)
    takes_cause = "cause" in inspect.signature(kind).parameters
    return kind(*ARGUMENTS.get(kind, ()), **NAMED.get(kind, {}), **({"cause": CAUSE} if takes_cause else {}))


def headers_of(kind):
    """Return the headers of an error's problem, by name."""
    pairs = problem(make(kind)).headers
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_every_error_has_a_status():
    """The tree holds no refusal and no fault that nobody thought of here."""
    tree = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, AuthError | Fault)}
    assert set(EXPECTED) == tree
    assert {kind: status_of(make(kind)) for kind in tree} == EXPECTED


def test_table_says_nothing_twice():
    """The table names a class only where it differs from its parent."""
    for kind, status in STATUSES.items():
        parents = [STATUSES[parent] for parent in kind.__mro__[1:] if parent in STATUSES]
        assert parents[:1] != [status] or kind is errors.MalformedRequest


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_document(kind):
    """A problem holds the members of RFC 9457, the stable code and the evidence; never a cause."""
    error = make(kind)
    response = problem(error)
    told = json.loads(response.body)
    assert told == {
        "type": "about:blank",
        "title": title_of(status_of(error)),
        "status": EXPECTED[kind],
        "detail": error.text,
        "code": error.code,
        **EVIDENCE.get(kind, {}),
    }
    assert response.status == EXPECTED[kind]
    assert CAUSE.encode() not in response.body + repr(response.headers).encode()


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_schema(kind):
    """A problem's schema requires exactly the members that the problem has, and allows their values."""
    schema, told = problem_schema(kind), json.loads(problem(make(kind)).body)
    assert set(told) == set(schema["properties"]) == set(schema["required"])
    assert schema["properties"]["detail"]["examples"] == [kind.text]
    types = {"string": str, "integer": int}
    for name, member in schema["properties"].items():
        assert told[name] == member["const"] if "const" in member else isinstance(told[name], types[member["type"]])


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_headers(kind):
    """Every problem has its type and length and forbids caching; besides that only what its status demands."""
    found = headers_of(kind)
    assert found.pop(b"content-type") == b"application/problem+json"
    assert found.pop(b"content-length") == str(len(problem(make(kind)).body)).encode()
    assert found.pop(b"cache-control") == b"no-store"
    assert set(found) == {
        401: {b"www-authenticate"},
        405: {b"allow"},
        429: {b"retry-after"},
        503: {b"retry-after"},
    }.get(EXPECTED[kind], {b"www-authenticate"} if kind is errors.PermissionDenied else set())


def test_challenges():
    """The scheme is named with every 401; an error only to whoever sent a token, or has too few permissions."""
    assert headers_of(errors.NotAuthenticated)[b"www-authenticate"] == REALM
    assert headers_of(errors.InvalidCredentials)[b"www-authenticate"] == REALM
    for kind in (errors.InvalidToken, errors.SessionExpired, errors.SessionRevoked, errors.SessionClosed):
        assert headers_of(kind)[b"www-authenticate"] == REALM + b', error="invalid_token"'
    assert headers_of(errors.PermissionDenied)[b"www-authenticate"] == REALM + b', error="insufficient_scope"'
    stale = headers_of(errors.ReauthenticationRequired)[b"www-authenticate"]
    assert stale == REALM + b', error="insufficient_user_authentication", max_age="300"'  # RFC 9470 section 3


def test_methods_and_pauses():
    """A 405 names the methods that are taken, a 503 the seconds to wait."""
    assert headers_of(errors.MethodNotAllowed)[b"allow"] == b"GET, POST"
    assert headers_of(errors.Overloaded)[b"retry-after"].isdigit()
    throttled = dict(problem(errors.Throttled(retry_after=17)).headers)
    assert throttled[b"retry-after"] == b"17"


def test_faults_alone_are_logged(caplog):
    """The log is told where a fault came up, and why; of a refusal it is told nothing here."""
    fault = errors.StoreFault("the disk is full")
    assert answer_to(fault, "GET /a") == problem(fault)
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("authcore.faults", "'GET /a': StoreFault cause='the disk is full' source=")
    ]
    caplog.clear()
    refusal = errors.NotAuthenticated()
    assert answer_to(refusal, "GET /a") == problem(refusal)
    assert not caplog.records


def test_bad_tokens_look_alike():
    """Whatever made a token bad, its problem is the same, to the byte."""
    kinds = (errors.InvalidToken, errors.SessionExpired, errors.SessionRevoked, errors.SessionClosed)
    assert len({repr(problem(make(kind))) for kind in kinds}) == 1
    assert len({repr(problem(make(kind))) for kind in EXPECTED if issubclass(kind, Fault)}) == 1


def test_unexpected():
    """What nobody foresaw is a 500 that says nothing."""
    response = unexpected()
    assert (response.status, json.loads(response.body)["code"]) == (500, "internal_error")
    assert json.loads(response.body)["detail"] == "Something went wrong on the server."
    assert dict(response.headers)[b"cache-control"] == b"no-store"
    assert dict(response.headers)[b"content-length"] == str(len(response.body)).encode()


@pytest.mark.parametrize(
    ("status", "title"), [(413, "Content Too Large"), (422, "Unprocessable Content"), (404, "Not Found")]
)
def test_titles_are_those_of_the_standard(status, title):
    """A status has the name that RFC 9110 gives it, on every Python."""
    assert title_of(HTTPStatus(status)) == title
