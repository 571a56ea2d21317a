"""FastAPI's own idiom: dependencies that say who is calling, and scopes that are permissions."""

from datetime import timedelta
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Security

from authcore import Anonymous, ConfigurationError, Principal
from authcore_asgi import AuthMiddleware
from authcore_asgi.fastapi import current_caller, current_principal, fresh_principal
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import ADA, bearer, cookie

Caller = Annotated[Principal | Anonymous, Depends(current_caller)]
Member = Annotated[Principal, Depends(current_principal)]
Reader = Annotated[Principal, Security(current_principal, scopes=["invoices:read", "invoices:write:today"])]
Fresh = Annotated[Principal, Depends(fresh_principal(within=timedelta(minutes=5)))]

app = FastAPI()


@app.get("/open")
async def show(caller: Caller):
    """Tell who is there."""
    return {"who": caller.display_name}


@app.get("/members")
async def members(member: Member):
    """Tell a member's name."""
    return {"who": member.account.email}


@app.get("/thread")
def members_in_a_thread(member: Member):
    """Tell a member's name, from a plain function."""
    return {"who": member.account.email}


@app.get("/readers")
async def readers(reader: Reader):
    """Tell that one may read."""
    return {"who": reader.account.email}


@app.get("/sensitive")
async def sensitive(fresh: Fresh):
    """Tell the name of whoever has just logged in."""
    return {"who": fresh.account.email}


@pytest.fixture
def site(visit, auth):
    """The application within the middleware."""
    return visit(AuthMiddleware(app, auth=auth))


@pytest.fixture
async def ada(site):
    """Ada's cookie."""
    return cookie(session=await site.token())


async def test_caller_may_be_nobody(site, ada):
    """A handler that asks for the caller is given nobody in particular, or somebody."""
    assert (await site.get("/open")).json() == {"who": ""}
    assert (await site.get("/open", ada)).json() == {"who": ADA}


@pytest.mark.parametrize("path", ["/members", "/thread", "/readers", "/sensitive"])
async def test_nobody_is_refused(site, path):
    """A handler that asks for somebody never runs for nobody, and the refusal is our problem document."""
    is_problem(await site.get(path), 401, "not_authenticated")
    is_problem(await site.get(path, bearer("x")), 401, "not_authenticated")


@pytest.mark.parametrize("path", ["/members", "/thread"])
async def test_somebody_is_given_to_the_handler(site, ada, path):
    """A handler that asks for somebody is given the principal."""
    assert (await site.get(path, ada)).json() == {"who": ADA}


@pytest.mark.parametrize(
    ("permissions", "status"),
    [(["invoices"], 200), (["invoices:read", "invoices:write"], 200), (["invoices:read"], 403), (["other"], 403)],
)
async def test_scopes_are_permissions(site, ada, permissions, status):
    """Every scope that a route asks for must be implied by one of the caller's grants."""
    account = await site.auth.find_account(ADA)
    await site.auth.assign_role(account_id=account.id, role="clerk", permissions=permissions)
    reply = await site.get("/readers", ada)
    assert reply.status == status
    if status != 200:
        is_problem(reply, 403, "permission_denied")


async def test_fresh_login_is_a_dependency(site, ada):
    """A route may ask how long ago its caller logged in; a time that lets in nobody is refused when it is written."""
    assert (await site.get("/sensitive", ada)).json() == {"who": ADA}
    site.clock.advance(timedelta(minutes=5))
    is_problem(await site.get("/sensitive", ada), 401, "reauthentication_required", max_age=300)
    with pytest.raises(ConfigurationError, match="within"):
        fresh_principal(within=timedelta(0))
