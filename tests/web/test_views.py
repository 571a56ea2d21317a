"""The public JSON of entities: which of their fields leave, held against all the fields that there are."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from authcore.audit import session_digest
from authcore.entities import Account, AuthenticationSession, Role, TwoStepSession
from authcore.permissions import PermissionSet
from authcore.principal import Principal
from authcore.revocation import OpenSession
from authcore.web.schemas import CHALLENGED, SEEN, VIEWS
from authcore.web.views import (
    account_view,
    challenge_view,
    open_session_view,
    principal_view,
    role_view,
    session_view,
)

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, UTC)
SECRET = "s3cr3t"
ACCOUNT = Account(
    id="account", created_at=NOW, updated_at=NOW, username="Ada", email="Ada@example.org", epoch=7, verified_at=NOW
)
SESSION = AuthenticationSession(
    id=SECRET,
    created_at=NOW,
    updated_at=NOW,
    account_id="account",
    epoch=7,
    expires_at=NOW + timedelta(days=30),
    network="192.0.2.1",
    user_agent="Browser",
    amr=("pwd",),
    auth_time=NOW,
    rotated_at=NOW,
    rotates_at=NOW + timedelta(hours=1),
    inactive_at=NOW + timedelta(days=1),
)
CHALLENGE = TwoStepSession(
    id=SECRET,
    created_at=NOW,
    updated_at=NOW,
    account_id="account",
    epoch=7,
    expires_at=NOW + timedelta(minutes=10),
    code_key="key",
    attempts=2,
    max_attempts=5,
    purpose="pay",
    destination="ada@example.org",
    session_id=SECRET,
    wanted_id="email:eve@example.org",
)
ROLE = Role(
    id="clerk", created_at=NOW, updated_at=NOW, description="Files things", permissions=("file:read", "file:write")
)
SHOWN = {
    account_view: (
        ACCOUNT,
        {"id", "username", "email", "phone", "created_at", "second_factor"},
        {"verified", "disabled"},
    ),
    session_view: (
        SESSION,
        {
            *("created_at", "auth_time", "amr", "rotates_at", "inactive_at", "expires_at"),
            *("requires_second_factor", "tag", "network", "user_agent"),
        },
        {"id", "last_used_at"},
    ),
    challenge_view: (CHALLENGE, {"purpose", "expires_at"}, {"attempts_left"}),
    role_view: (ROLE, {"description", "permissions"}, {"name"}),
}
HIDDEN = {
    account_view: {
        "version", "updated_at", "deleted_at", "epoch", "verified_at", "disabled_at", "decoy", "beside_id", "erased_at",
    },
    session_view: {
        "id", "version", "updated_at", "deleted_at", "account_id", "epoch", "ended_at", "ended_as", "generation",
        "rotated_at", "presented_at",
    },
    challenge_view: {
        "id", "version", "created_at", "updated_at", "deleted_at", "account_id", "epoch", "ended_at", "ended_as",
        "code_key", "attempts", "max_attempts", "destination", "session_id", "sendings", "wanted_id",
    },
    role_view: {"id", "version", "created_at", "updated_at", "deleted_at"},
}  # fmt: skip


def test_every_field_is_decided_about():
    """Each field of what a view shows is named here as shown or hidden: a new one makes this test fail."""
    for view, (entity, shown, _) in SHOWN.items():
        assert {field.name for field in fields(entity)} == shown | HIDDEN[view], view.__name__


def test_views_show_what_is_listed():
    """A view shows the fields that are listed, and what is made of others, and nothing else."""
    for view, (entity, shown, derived) in SHOWN.items():
        assert set(view(entity)) == shown | derived, view.__name__


def test_schemas_say_what_views_show():
    """The schema of a view has the members that the view shows, in its order."""
    described = {account_view: VIEWS["Account"]["properties"], session_view: VIEWS["Session"]["properties"]}
    for view, members in (described | {challenge_view: CHALLENGED.members}).items():
        entity, _, _ = SHOWN[view]
        assert list(view(entity)) == list(members), view.__name__
    principal = Principal(account=ACCOUNT, session=SESSION, roles=(), permissions=PermissionSet.of([]))
    assert list(principal_view(principal)) == list(SEEN.members)


def test_account():
    """An account's names are shown as they were given, and its state as one word."""
    assert account_view(ACCOUNT) == {
        "id": "account",
        "username": "Ada",
        "email": "Ada@example.org",
        "phone": None,
        "verified": True,
        "disabled": False,
        "second_factor": False,
        "created_at": "2030-01-02T03:04:05Z",
    }
    changed = account_view(replace(ACCOUNT, verified_at=None, disabled_at=NOW, second_factor=True))
    assert (changed["verified"], changed["disabled"], changed["second_factor"]) == (False, True, True)


def test_session():
    """A session is shown by a digest of its id, which opens nothing."""
    assert session_view(SESSION) == {
        "id": session_digest(SECRET),
        "created_at": "2030-01-02T03:04:05Z",
        "auth_time": "2030-01-02T03:04:05Z",
        "amr": ["pwd"],
        "requires_second_factor": False,
        "tag": "",
        "network": "192.0.2.1",
        "user_agent": "Browser",
        "last_used_at": "2030-01-02T03:04:05Z",
        "rotates_at": "2030-01-02T04:04:05Z",
        "inactive_at": "2030-01-03T03:04:05Z",
        "expires_at": "2030-02-01T03:04:05Z",
    }
    assert SECRET not in str(session_view(SESSION))


def test_listed_session():
    """Among others, a session also tells whether it is the one in use."""
    for current in (True, False):
        shown = open_session_view(OpenSession(session=SESSION, current=current))
        assert shown == {**session_view(SESSION), "current": current}


def test_role():
    """A role is shown by its name, with what it is for and what it grants."""
    expected = {"name": "clerk", "description": "Files things", "permissions": ["file:read", "file:write"]}
    assert role_view(ROLE) == expected


def test_challenge():
    """A challenge shows what is left of it, and nothing that differs between a real one and a decoy."""
    expected = {"purpose": "pay", "attempts_left": 3, "expires_at": "2030-01-02T03:14:05Z"}
    assert challenge_view(CHALLENGE) == expected
    assert challenge_view(replace(CHALLENGE, account_id=None, destination="", session_id=None)) == expected


def test_principal():
    """Somebody is shown as account, session, roles and permissions, both in order."""
    permissions = PermissionSet.of(["texts:write", "invoices", "texts:write"])
    seen = principal_view(
        Principal(account=ACCOUNT, session=SESSION, roles=("writer", "admin"), permissions=permissions)
    )
    assert seen == {
        "account": account_view(ACCOUNT),
        "session": session_view(SESSION),
        "roles": ["admin", "writer"],
        "permissions": ["invoices", "texts:write"],
    }


def test_times_are_shown_to_the_second():
    """A time has a place for each digit, as RFC 3339 wants it, and what is less than a second is left out."""
    for moment in (NOW, datetime(2029, 12, 31, 23, 59, 59, 999999, UTC), datetime(2030, 10, 20, 0, 0, 0, 1, UTC)):
        shown = account_view(replace(ACCOUNT, created_at=moment))["created_at"]
        assert shown == moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert account_view(replace(ACCOUNT, created_at=NOW))["created_at"] == "2030-01-02T03:04:05Z"
