"""Ada's account in each of its states, and claims on her names: what tests of accounts and registrations share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from authcore.accounts import Claim
from authcore.entities import Account, Device, Identifier
from authcore.identifiers import canonical_email, canonical_username
from authcore.occasion import Ids, Occasion
from authcore.policy import Policy

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1)  # when all that is stored was written
OCCASION = Occasion(
    now=NOW,
    device=Device(network="192.0.2.1"),
    policy=Policy(),
    ids=Ids(account="new-a", session="new-c", message="new-m", event="new-e", salt="new-salt"),
    code_key="k",
)
EMAIL = canonical_email("Ada@Example.org")
USERNAME = canonical_username("Ada")
LIVE = Account(
    id="a",
    version=3,
    created_at=BEFORE,
    updated_at=BEFORE,
    email="Ada@example.org",
    epoch=7,
    verified_at=BEFORE,
    username="Ada",
)
PENDING = replace(LIVE, verified_at=None)
DECOY = replace(PENDING, id="d", decoy=True)


def identifier_of(name=EMAIL, *, held_by: Account | None = LIVE, **changes: object) -> Identifier:
    """Return the identifier of a name, held by an account."""
    owner = None if held_by is None else held_by.id
    values = {"id": name.id, "version": 2, "created_at": BEFORE, "updated_at": BEFORE, "kind": name.kind, "form": 1}
    return Identifier(**values | {"account_id": owner} | changes)


def claim_on(holder: Account | None = None, *, name=EMAIL, **changes: object) -> Claim:
    """Return a claim on a name, with its holder."""
    identifier = None if holder is None else identifier_of(name, held_by=holder, **changes)
    return Claim(id=name.id, name=name, identifier=identifier, holder=holder)
