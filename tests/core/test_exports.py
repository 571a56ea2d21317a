"""What is told to a person: values that JSON can say, digests of what opens something, and nothing of others."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import exports
from authcore.audit import session_digest
from authcore.entities import AuthenticationSession, Message, MessageKind, SessionEnd, TwoStepSession
from authcore.exports import AccountExport
from tests.core.ada import BEFORE, LIVE, NOW

SESSION = AuthenticationSession(
    id="s",
    created_at=BEFORE,
    updated_at=BEFORE,
    account_id=LIVE.id,
    epoch=LIVE.epoch,
    expires_at=NOW,
    ended_at=NOW,
    ended_as=SessionEnd.CLOSED,
    network="192.0.2.1",
    user_agent="Loom/1.0",
    amr=("pwd", "otp"),
    auth_time=BEFORE,
    requires_second_factor=True,
    rotated_at=BEFORE,
    rotates_at=NOW,
    inactive_at=NOW,
)
CHALLENGE = TwoStepSession(
    id="c",
    created_at=BEFORE,
    updated_at=BEFORE,
    account_id=LIVE.id,
    epoch=LIVE.epoch,
    expires_at=NOW,
    code_key="k",
    max_attempts=5,
    purpose="pay",
    destination="Ada@example.org",
    session_id=SESSION.id,
)
MESSAGE = Message(
    id="m",
    created_at=BEFORE,
    updated_at=BEFORE,
    kind=MessageKind.PASSWORD_CHANGED,
    destination="Ada@example.org",
    account_id=LIVE.id,
    queue="due",
    due_at=BEFORE,
)


def told(entity):
    """What an export tells of an entity."""
    (row,) = exports.rows_of([entity])
    return row


def test_every_sort_of_value_is_plain():
    """Times are texts in ISO 8601, words of ours are as they are stored, texts are a list, and what is plain stays."""
    row = told(SESSION)
    assert {name: row[name] for name in ("created_at", "deleted_at", "ended_as", "amr", "epoch", "network")} == {
        "created_at": "2029-12-31T00:00:00+00:00",
        "deleted_at": None,
        "ended_as": "closed",
        "amr": ["pwd", "otp"],
        "epoch": LIVE.epoch,
        "network": "192.0.2.1",
    }
    assert row["requires_second_factor"] is True
    assert type(row["ended_as"]) is str


def test_what_opens_something_is_told_as_a_digest():
    """Sessions and challenges are named as the trail names them; and where there is none, none is named."""
    assert told(SESSION)["id"] == session_digest(SESSION.id)
    row = told(CHALLENGE)
    assert (row["id"], row["session_id"]) == (session_digest(CHALLENGE.id), session_digest(SESSION.id))
    assert told(replace(CHALLENGE, session_id=None))["session_id"] is None


def test_rows_are_in_order():
    """Each entity has its row, in the order in which they come."""
    ids = [row["id"] for row in exports.rows_of([LIVE, replace(LIVE, id="b")])]
    assert ids == [LIVE.id, "b"]
    assert exports.rows_of([]) == ()


@pytest.mark.parametrize("value", [1.5, b"octets", timedelta(1), ["list"]], ids=lambda value: type(value).__name__)
def test_no_other_value_is_told(value):
    """What would not come out of JSON as it went in stops the export, and is named by its type alone."""
    with pytest.raises(TypeError, match=f"^{type(value).__name__} is no plain value$"):
        exports.rows_of([tampered(LIVE, username=value)])


def tampered(entity, **changes):
    """An entity as no code of ours makes one."""
    changed = replace(entity)
    for name, value in changes.items():
        object.__setattr__(changed, name, value)
    return changed


@pytest.mark.parametrize(
    ("entity", "is_told"),
    [(LIVE, True), (CHALLENGE, True), (MESSAGE, True), (replace(MESSAGE, session_id="c"), False)],
    ids=["account", "challenge", "message", "message of a code"],
)
def test_messages_of_codes_are_not_told(entity, is_told):
    """All is told but the messages of codes: their challenges tell of them, whoever they went to."""
    assert exports.is_told(entity) is is_told


def test_export_is_one_object_of_json():
    """The sections stand beside the format, the account and the time, and can be written as they are."""
    export = AccountExport(
        account_id=LIVE.id, exported_at=NOW, sections={"account": exports.rows_of([LIVE]), "roles": ()}
    )
    assert export.format == exports.FORMAT
    said = export.to_json()
    assert said == {
        "format": exports.FORMAT,
        "account_id": LIVE.id,
        "exported_at": "2030-01-01T00:00:00+00:00",
        "account": [dict(told(LIVE))],
        "roles": [],
    }
    assert json.loads(json.dumps(said)) == said
