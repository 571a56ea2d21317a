"""The administrator's pages: finding an account, and changing it.  Who is within reach is decided elsewhere."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from authcore import Account, Auth, AuthenticationSession
from authcore.errors import AccountNotFound, AuthError, StateUnchanged
from authcore.ports import by_id
from authcore.validation import validate_session
from authcore.web import Response
from examples.demo.application import Demo
from examples.demo.pages.cookies import notice
from examples.demo.pages.page import Submit, Visit, by_action
from examples.demo.reach import check_giving, check_reach, may_act_on, may_give
from examples.demo.rendering import redirect
from examples.demo.roles import ROLES, give_role

__all__ = ["change_account", "find", "show_account"]

_Change: TypeAlias = Callable[[Auth, str], Awaitable[object]]


async def find(demo: Demo, visit: Visit) -> Response:
    """Go to the page of the account that is meant, whose address so never stands in a URL."""
    # `find_account` sees no deleted ones, which are brought back from here.
    account = await demo.auth.find_account(visit.entries["identifier"], deleted=True)
    if account is None:
        raise AccountNotFound
    return redirect(f"/admin/{account.id}")


async def show_account(demo: Demo, visit: Visit) -> Mapping[str, object]:
    """Show an account's state, roles and sessions, and which roles the caller may give or take."""
    account = await _account(demo, visit)
    held = await demo.auth.roles_of(account.id)
    principal = visit.caller.authenticated()
    return {
        "account": account,
        "within_reach": may_act_on(principal, account.id, held),
        "open_sessions": await _open_sessions(demo.auth, account),
        "roles": [
            {
                "name": name,
                "grants": permissions,
                "held": name in {role.id for role in held},
                "to_give": may_give(principal, permissions),
            }
            for name, permissions in ROLES.items()
        ],
    }


async def _give(demo: Demo, visit: Visit) -> Response:
    account = await _within_reach(demo, visit)
    await give_role(demo.auth, account.id, _role(visit))
    return redirect(visit.request.path, notice("role-given"))


async def _take(demo: Demo, visit: Visit) -> Response:
    account = await _within_reach(demo, visit)
    await demo.auth.withdraw_role(account_id=account.id, role=_role(visit))
    return redirect(visit.request.path, notice("role-taken"))


def _changing(change: _Change, said: str) -> Submit:
    """Return what a button does: one change, and a word about it."""

    async def submit(demo: Demo, visit: Visit) -> Response:
        account = await _within_reach(demo, visit)
        try:
            await change(demo.auth, account.id)
        except StateUnchanged:
            return redirect(visit.request.path, notice("so-already"))
        return redirect(visit.request.path, notice(said))

    return submit


_ACTIONS: Final[Mapping[str, Submit]] = {
    "disable": _changing(Auth.disable_account, "disabled"),
    "enable": _changing(Auth.enable_account, "enabled"),
    "delete": _changing(Auth.delete_account, "deleted"),
    "restore": _changing(Auth.restore_account, "restored"),
    "log-out": _changing(Auth.revoke_sessions, "logged-out-everywhere"),
    "require-code": _changing(Auth.require_second_factor, "code-required"),
    "waive-code": _changing(lambda auth, who: auth.require_second_factor(who, required=False), "code-waived"),
    "give": _give,
    "take": _take,
}

change_account = by_action(_ACTIONS)
"""Do what one of the buttons says."""


async def _account(demo: Demo, visit: Visit) -> Account:
    account = await demo.auth.store.get(by_id(Account, visit.subject))
    if account is None or account.decoy:
        raise AccountNotFound
    return account


async def _within_reach(demo: Demo, visit: Visit) -> Account:
    account = await _account(demo, visit)
    check_reach(visit.caller.authenticated(), account.id, await demo.auth.roles_of(account.id))
    return account


def _role(visit: Visit) -> str:
    check_giving(visit.caller.authenticated(), visit.entries["role"])
    return visit.entries["role"]


async def _open_sessions(auth: Auth, account: Account) -> int:
    return sum(_counts(auth, each, account) for each in await auth.sessions_of(account.id, AuthenticationSession))


def _counts(auth: Auth, session: AuthenticationSession, account: Account) -> bool:
    try:
        validate_session(session, account=account, policy=auth.policy, now=auth.clock.now())
    except AuthError:
        return False
    return True
