"""docs/accounts.md against the code: its flows exist, all of them, and leave in the trail what it says."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from authcore import errors
from authcore.audit import session_digest
from authcore.auth.accounts import Accounts
from authcore.auth.external_identities import ExternalIdentities
from authcore.auth.imports import Imports
from authcore.auth.personal_data import PersonalData
from authcore.auth.role_assignment import RoleAssignment
from authcore.auth.session_control import SessionControl
from authcore.entities import AuditEvent, AuthenticationSession
from authcore.imported_accounts import AccountRecord, RoleRecord
from authcore.testing import build_auth
from tests.flows.people import ADA, do, join, kept, log_in

PAGE = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
FLOWS = {name.strip("`"): (refusals, trail) for name, _, refusals, trail in ROWS}
MIXINS = (Accounts, ExternalIdentities, SessionControl, RoleAssignment, Imports, PersonalData)
BEFORE = {
    "enable_account": ["disable_account"],
    "restore_account": ["delete_account"],
    "unlink_external_identity": ["link_external_identity"],
    "withdraw_role": ["assign_role"],
    "find_imported": ["import_account"],
}
"""What a flow takes back must have been done."""


TIMES = {"created_at": datetime(2020, 1, 1, tzinfo=UTC), "updated_at": datetime(2020, 1, 1, tzinfo=UTC)}
CLERK = RoleRecord(name="filing clerk", permissions=("file:read",), **TIMES)
RECORD = AccountRecord(origin="elsewhere", id="17", email="eve@example.org", **TIMES)


def run(auth, flow, ada):
    """Run a flow about Ada, who is logged in."""
    session = log_in(auth) if flow in vars(SessionControl) else None
    identity = {"issuer": "https://id.example", "subject": "ada"}
    arguments = {
        "link_external_identity": ((ada.id,), identity),
        "unlink_external_identity": ((ada.id,), identity),
        "list_sessions": ((session and session.token,), {}),
        "revoke_session": ((session and session.token,), {"session": session and session_digest(session.session.id)}),
        "revoke_session_of": ((ada.id,), {"session": session and session_digest(session.session.id)}),
        "revoke_other_sessions": ((session and session.token,), {}),
        "import_role": ((CLERK,), {}),
        "import_account": ((RECORD,), {}),
        "find_imported": (("elsewhere", "17"), {}),
        "assign_role": ((), {"account_id": ada.id, "role": "clerk", "permissions": ["file:read"]}),
        "withdraw_role": ((), {"account_id": ada.id, "role": "clerk"}),
        "find_account": ((ADA,), {}),
        "find_role": (("clerk",), {}),
        "sessions_of": ((ada.id, AuthenticationSession), {}),
    }
    positional, named = arguments.get(flow, ((ada.id,), {}))
    return do(getattr(auth, flow)(*positional, **named))


def test_every_flow_is_on_the_page():
    """The page tells of each flow of operators, and of no other."""
    flows = {name for mixin in MIXINS for name, item in vars(mixin).items() if callable(item) and name[0] != "_"}
    assert sorted(FLOWS) == sorted(flows)


@pytest.mark.parametrize("flow", FLOWS)
def test_flow_leaves_what_the_page_says(flow):
    """A flow leaves one event, of the kind that the page names, or none."""
    auth = build_auth()
    ada = join(auth)
    if flow == "confirm_account":
        ada = do(auth.register(email="bob@example.org", password="nine silver herons at dusk")).session
        ada = do(auth.find_account(account_id=ada.account_id))
    for earlier in BEFORE.get(flow, []):
        run(auth, earlier, ada)
    before = {event.id for event in kept(auth, AuditEvent)}
    run(auth, flow, ada)
    kinds = [event.kind.value for event in kept(auth, AuditEvent) if event.id not in before]
    _, trail = FLOWS[flow]
    assert [kind for kind in kinds if kind != "logged_in"] == ([] if trail == "nothing" else [trail.strip("`")])


@pytest.mark.parametrize("flow", FLOWS)
def test_refusals_exist(flow):
    """Each refusal that the page names is one, and the flow's own words, or its family's, name those of its own."""
    refusals = re.findall(r"`(\w+)`", FLOWS[flow][0])
    owner = next(mixin for mixin in MIXINS if flow in vars(mixin))
    said = f"{owner.__doc__} {getattr(owner, flow).__doc__} {SessionControl.list_sessions.__doc__}"
    assert all(hasattr(errors, name) for name in refusals)
    assert [name for name in refusals if name not in said] == []
