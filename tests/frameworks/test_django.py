"""Django's own idiom: `request.user`, and Django's own decorators."""

import pytest
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponse, JsonResponse
from django.test import RequestFactory
from django.urls import path

from authcore.errors import ConfigurationError, UsernameTaken
from authcore_asgi import AuthMiddleware, principal_of, requires_permission
from authcore_asgi.django import CallerMiddleware
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import ADA, cookie
from tests.frameworks.apps import django_serving


def told(user):
    """Tell what Django's templates and decorators ask of a user."""
    return [str(user), user.get_username(), user.pk, user.is_authenticated, user.is_anonymous]


def show(request):
    """Tell who is there."""
    return JsonResponse(told(request.user), safe=False)


async def ashow(request):
    """Tell who is there, awaiting it."""
    return JsonResponse(told(await request.auser()), safe=False)


@requires_permission(all_of="invoices:read")
def readers(request):
    """Tell a reader's name, from a plain function."""
    return HttpResponse(principal_of(request).account.email)


@login_required(login_url="/log-in")
def members(request):
    """Be guarded by Django."""
    return HttpResponse("in")


@login_required(login_url="/log-in")
async def amembers(request):
    """Be guarded by Django, awaited."""
    return HttpResponse("in")


@permission_required("invoices:read", raise_exception=True)
def their_readers(request):
    """Be guarded by Django, with a permission."""
    return HttpResponse("read")


@permission_required(["invoices:read", "invoices:write"], raise_exception=True)
async def their_areaders(request):
    """Be guarded by Django, with two permissions, awaited."""
    return HttpResponse("read")


def refuse(request):
    """Refuse, from a plain function."""
    raise UsernameTaken


def crash(request):
    """Fail in a way that nobody foresaw."""
    raise RuntimeError


PAGES = [show, ashow, readers, members, amembers, their_readers, their_areaders, refuse, crash]


@pytest.fixture
def site(auth, visit):
    """Django within the middleware."""
    with django_serving(*(path(page.__name__, page) for page in PAGES)) as app:
        yield visit(AuthMiddleware(app, auth=auth))


@pytest.fixture
async def ada(site):
    """Ada's cookie."""
    return cookie(session=await site.token())


@pytest.mark.parametrize("page", ["/show", "/ashow"])
async def test_user_is_the_caller(site, ada, page):
    """A view finds the caller as its user, somebody or nobody, whether it awaits or not."""
    account = await site.auth.find_account(ADA)
    assert (await site.get(page)).json() == ["", "", "", False, True]
    assert (await site.get(page, ada)).json() == [ADA, ADA, account.id, True, False]


@pytest.mark.parametrize("page", ["/members", "/amembers"])
async def test_login_required(site, ada, page):
    """Django's own decorator sends a stranger to log in, and lets in whoever has."""
    reply = await site.get(page)
    assert (reply.status, reply.one("location")) == (302, f"/log-in?next={page}")
    assert (await site.get(page, ada)).body == b"in"


async def test_permission_required(site, ada):
    """Django's own decorator asks for permissions that the caller's grants imply."""
    for page in ("/their_readers", "/their_areaders"):
        assert [(await site.get(page, *sent)).status for sent in ([], [ada])] == [403, 403]
    account = await site.auth.find_account(ADA)
    await site.auth.assign_role(account_id=account.id, role="clerk", permissions=["invoices:read"])
    assert [(await site.get(page, ada)).status for page in ("/their_readers", "/their_areaders")] == [200, 403]
    await site.auth.assign_role(account_id=account.id, role="accountant", permissions=["invoices"])
    assert (await site.get("/their_areaders", ada)).body == b"read"


async def test_guard_before_a_plain_function(site, ada):
    """Our guards stand before plain functions as well."""
    is_problem(await site.get("/readers"), 401, "not_authenticated")
    is_problem(await site.get("/readers", ada), 403, "permission_denied")


async def test_exceptions(site):
    """A refusal becomes a problem, and any other exception is Django's to answer."""
    is_problem(await site.get("/refuse"), 409, "username_taken")
    reply = await site.get("/crash")
    assert (reply.status, reply.one("content-type")) == (500, "text/html; charset=utf-8")


def test_middleware_of_plain_functions():
    """Where Django is not asynchronous, the shim is neither; without AuthMiddleware its user is nobody's to ask for."""
    request = RequestFactory().get("/")
    answer = CallerMiddleware(lambda request: HttpResponse("ok"))(request)
    assert answer.content == b"ok"
    with pytest.raises(ConfigurationError, match="no caller is known"):
        str(request.user)
