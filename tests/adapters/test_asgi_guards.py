"""The guards for ASGI handlers by themselves: which handlers they take, and which of its arguments they ask."""

from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.requests import Request

from authcore.errors import (
    ConfigurationError,
    InvalidInput,
    InvalidPermission,
    NotAuthenticated,
    PermissionDenied,
    ReauthenticationRequired,
)
from authcore.principal import Anonymous
from authcore.testing import build_auth, run_sync
from authcore.web import Access
from authcore_asgi import (
    admit,
    auth_of,
    principal_of,
    requires_authentication,
    requires_fresh,
    requires_permission,
    requires_role,
)
from authcore_asgi.answering import Visit
from authcore_asgi.guards import VISIT
from tests.adapters.people import ADA, PASSWORD


def principal(*permissions):
    """Return somebody who may do this."""
    auth = build_auth()
    issued = run_sync(auth.register(email=ADA, password=PASSWORD))
    run_sync(auth.deliver_due())
    account = run_sync(auth.verify_account(challenge=issued.token, code=auth.courier.last_code()))
    if permissions:
        run_sync(auth.assign_role(account_id=account.id, role="some", permissions=permissions))
    return run_sync(auth.authenticate(run_sync(auth.log_in(identifier=ADA, password=PASSWORD)).token))


ACCESS = Access(build_auth())


def request_by(caller):
    """Return a request whose caller the middleware has found."""
    return Request({"type": "http", VISIT: Visit(caller, ACCESS)})


@pytest.mark.parametrize("name", ["request", "websocket", "socket", "connection"])
def test_handlers_are_known_by_a_parameter(name):
    """A handler takes its request under one of four names."""
    namespace = {}
    exec(f"async def handler({name}): return {name}", namespace)  # noqa: S102  the name is the point
    guarded = requires_authentication(namespace["handler"])
    request = request_by(principal())
    assert run_sync(guarded(request)) is run_sync(guarded(**{name: request})) is request


def test_handler_without_a_request_is_refused():
    """A handler that could not be guarded is refused when it is decorated, not when it is called."""
    for handler in (lambda: None, lambda req: None, lambda *, other: None, lambda **rest: None):
        for decorate in (
            requires_authentication,
            requires_permission(all_of=["a"]),
            requires_permission(any_of=["a"]),
            requires_role(any_of=["a"]),
            requires_fresh(within=timedelta(minutes=5)),
        ):
            with pytest.raises(ConfigurationError, match="parameter named request"):
                decorate(handler)


@pytest.mark.parametrize(
    "requirement",
    [{}, {"all_of": []}, {"any_of": []}, {"all_of": ["a"], "any_of": ["b"]}],
    ids=["nothing", "no-all", "no-any", "both"],
)
def test_empty_requirement_is_refused(requirement):
    """A requirement that would let everybody in, or mean two things, is refused."""
    for requires in (requires_permission, requires_role):
        with pytest.raises(ConfigurationError):
            requires(**requirement)


@pytest.mark.parametrize("within", [timedelta(0), -timedelta(seconds=1), timedelta(days=31)], ids=str)
def test_no_freshness_is_refused(within):
    """A time that lets in nobody, or anybody, is refused when the handler is decorated, or when it is asked for."""
    with pytest.raises(ConfigurationError, match="within"):
        requires_fresh(within=within)
    with pytest.raises(ConfigurationError, match="within"):
        admit(request_by(principal()), within=within)


def test_old_login_is_asked_for_the_password():
    """A handler that asks for a fresh login does not run for an old one, and the refusal is noted."""
    handler = requires_fresh(within=timedelta(minutes=5))(lambda request: "in")
    ada = principal()
    old = replace(ada, session=replace(ada.session, auth_time=ACCESS.auth.clock.now() - timedelta(minutes=5)))
    assert handler(request_by(ada)) == "in"
    assert admit(request_by(ada), within=timedelta(minutes=5)) is ada
    request = request_by(old)
    for ask in (handler, lambda request: admit(request, within=timedelta(minutes=5))):
        with pytest.raises(ReauthenticationRequired):
            ask(request)
    assert isinstance(request.scope[VISIT].refusal, ReauthenticationRequired)
    with pytest.raises(NotAuthenticated):
        handler(request_by(Anonymous()))


def test_malformed_permission_is_refused():
    """A permission that is none is refused when the handler is decorated."""
    with pytest.raises(InvalidPermission):
        requires_permission(all_of=["a::b"])


@pytest.mark.parametrize(("roles", "refused"), [("some", ConfigurationError), (["some", ""], InvalidInput)])
def test_malformed_role_is_refused(roles, refused):
    """A text where a collection is meant, or a name that no role can have, is refused when the handler is decorated."""
    with pytest.raises(refused):
        requires_role(any_of=roles)


def test_guarded_handler_keeps_its_face():
    """A guarded handler keeps its name, its words and its signature, by which frameworks call it."""

    @requires_authentication
    async def handler(request, number: int = 1):
        """Say something."""

    assert (handler.__name__, handler.__doc__) == ("handler", "Say something.")
    assert handler.__wrapped__.__annotations__ == {"number": int}


def test_nothing_runs_before_the_guard():
    """A handler of whatever kind does not begin for nobody, nor for somebody with too few permissions."""
    ran = []

    @requires_authentication
    async def members(request):
        ran.append(request)

    @requires_permission(all_of=["a", "b"])
    def readers(request):
        ran.append(request)

    with pytest.raises(NotAuthenticated):
        run_sync(members(request_by(Anonymous())))
    with pytest.raises(PermissionDenied):
        readers(request_by(principal("a")))
    assert ran == []
    readers(request_by(principal("a,b")))
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("wanted", "is_met"),
    [
        ({"all_of": ["some"]}, True),
        ({"any_of": ["some", "other"]}, True),
        ({"all_of": ["some", "other"]}, False),
        ({"any_of": ["a"]}, False),
    ],
)
def test_roles_are_asked_for(wanted, is_met):
    """A handler that asks for roles runs for whoever has all, or any, of them; permissions are none."""
    handler = requires_role(**wanted)(lambda request: "in")
    with pytest.raises(NotAuthenticated):
        handler(request_by(Anonymous()))
    if is_met:
        assert handler(request_by(principal("a"))) == "in"
    else:
        with pytest.raises(PermissionDenied):
            handler(request_by(principal("a")))


@pytest.mark.parametrize("scope", [{}, {VISIT: "forged"}, {VISIT: {"caller": "root"}}, {VISIT: None}, None, "request"])
def test_unknown_caller_lets_nobody_in(scope):
    """Where no middleware looked, or somebody forged its word, a guard fails instead of letting anybody in."""

    class Connection:
        def __init__(self):
            self.scope = scope

    @requires_authentication
    def handler(request):
        raise AssertionError

    with pytest.raises(ConfigurationError, match="no caller is known"):
        handler(Connection())
    with pytest.raises(ConfigurationError, match="no caller is known"):
        handler(request=Connection())
    with pytest.raises(ConfigurationError, match="no caller is known"):
        principal_of(Connection())


def test_another_argument_with_a_scope_is_not_asked():
    """What was read from a body is never taken for the request, though it have a `scope`, even with somebody in it."""

    class Payload:
        scope = {VISIT: Visit(principal(), ACCESS)}  # noqa: RUF012  stands for a field of a body

    @requires_authentication
    def handler(payload, request):
        return "in"

    with pytest.raises(NotAuthenticated):
        handler(payload=Payload(), request=request_by(Anonymous()))
    assert handler(payload=Payload(), request=request_by(principal())) == "in"


def test_refusal_is_noted():
    """A refusal is left where the middleware finds it, however the framework treats the exception."""
    request = request_by(Anonymous())
    with pytest.raises(NotAuthenticated) as refused:
        requires_authentication(lambda request: None)(request)
    assert request.scope[VISIT].refusal is refused.value


def test_principal_of_a_scope_or_a_connection():
    """The caller is found in a request and in a bare scope alike."""
    ada = principal()
    request = request_by(ada)
    assert principal_of(request) is principal_of(request.scope) is ada
    with pytest.raises(NotAuthenticated):
        principal_of(request_by(Anonymous()))


def test_auth_of_a_request_is_the_middlewares():
    """A handler is given the Auth that is fit for its event loop; without the middleware there is none."""
    assert auth_of(request_by(Anonymous())) is ACCESS.auth
    with pytest.raises(ConfigurationError, match="no caller is known"):
        auth_of(Request({"type": "http"}))
