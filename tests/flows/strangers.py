"""Whom a stranger may meet under an address, and what strangers do: two tables, for what they must not learn by it.

A script is a list of requests to endpoints, each with its body; `{address}` and `{name}` stand in it for whom it is
about.  It runs over HTTP as it is, and by `play` on the core alone.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from authcore.auth import Auth, Issued
from authcore.codes import CODE_KEY, code_of
from authcore.errors import AuthError
from authcore.imported_accounts import AccountRecord
from authcore.policy import Policy
from authcore.throttle import Throttle

PASSWORD, WRONG = "a loom that weaves algebra", "nine silver herons at dusk"

POLICY = Policy(
    code_attempts=2,
    code_sendings=2,
    challenge_failures=3,
    password_failures=Throttle(limit=2, window=timedelta(hours=1)),
    codes_per_address=Throttle(limit=3, window=timedelta(hours=1)),
    recoveries_per_name=Throttle(limit=3, window=timedelta(hours=1)),
)
"""So strict that every limit is met within a few requests."""

SINCE = timedelta(hours=1)
"""How long ago all that has happened: long enough for what was counted on the way."""


# --- whom they meet ---------------------------------------------------------------------------------------------------


async def _nobody(_auth, _address):
    pass


async def _unverified(auth, address):
    return (await auth.register(email=address, password=PASSWORD)).session.account_id


async def _verified(auth, address):
    issued = await auth.register(email=address, username=name_of(address), password=PASSWORD)
    key = auth.keyring.derive(issued.session.code_key, CODE_KEY)
    code = code_of(issued.session, key=key, policy=auth.policy)
    return (await auth.verify_account(challenge=issued.token, code=code)).id


async def _disabled(auth, address):
    await auth.disable_account(await _verified(auth, address))


async def _deleted(auth, address):
    await auth.delete_account(await _verified(auth, address))


async def _restored(auth, address):
    account = await _verified(auth, address)
    await auth.delete_account(account)
    await auth.restore_account(account)


async def _disabled_before_proof(auth, address):
    await auth.disable_account(await _unverified(auth, address))


async def _deleted_before_proof(auth, address):
    await auth.delete_account(await _unverified(auth, address))


async def _without_password(auth, address):
    then = datetime(2020, 1, 1, tzinfo=UTC)
    record = AccountRecord(
        origin="elsewhere",
        id=address,
        email=address,
        username=name_of(address),
        secret=None,
        created_at=then,
        updated_at=then,
        verified=True,
    )
    await auth.import_account(record)


async def _with_a_second_factor(auth, address):
    await auth.require_second_factor(await _verified(auth, address))


async def _probed_before(auth, address):
    await _verified(auth, address)
    await auth.register(email=address, password=WRONG)


async def _to_be_reset(auth, address):
    await auth.require_recovery(await _verified(auth, address))


async def _being_recovered(auth, address):
    await _verified(auth, address)
    await auth.request_recovery(identifier=address)


async def _logged_in(auth, address):
    await _verified(auth, address)
    await auth.log_in(identifier=address, password=PASSWORD)


SITUATIONS: Mapping[str, Callable[[Auth, str], Awaitable[object]]] = {
    "nobody": _nobody,
    "verified": _verified,
    "unverified": _unverified,
    "disabled": _disabled,
    "deleted": _deleted,
    "restored": _restored,
    "disabled before proof": _disabled_before_proof,
    "deleted before proof": _deleted_before_proof,
    "without a password": _without_password,
    "with a second factor": _with_a_second_factor,
    "probed before": _probed_before,
    "under an operator's reset": _to_be_reset,
    "being recovered": _being_recovered,
    "logged in": _logged_in,
}
"""How somebody comes to be, or not to be, behind an address; the first is the one that all are compared with."""


def name_of(address: str) -> str:
    """Return the username of whoever is behind an address."""
    return address.partition("@")[0]


# --- what strangers do ------------------------------------------------------------------------------------------------

Script = Sequence[tuple[str, Mapping[str, str] | None]]

_REGISTER = ("/register", {"email": "{address}", "password": WRONG})
_LOG_IN = ("/login", {"identifier": "{address}", "password": WRONG})
_AGAIN, _RESEND = ("/verification", None), ("/resend", None)
_GUESS = ("/verify", {"code": "no code"})
_FORGET = ("/recovery", {"identifier": "{address}"})
_RECOVER = ("/recovery/answer", {"code": "no code", "new_password": WRONG})

SCRIPTS: Mapping[str, Script] = {
    "log in": [_LOG_IN],
    "log in by username": [("/login", {"identifier": "{name}", "password": WRONG})],
    "log in until it is too much": [_LOG_IN] * 4,
    "register": [_REGISTER],
    "register with a username": [("/register", {**_REGISTER[1], "username": "new-{name}"})],
    "register until it is too much": [_REGISTER] * 5,
    "register with a bad password": [("/register", {"email": "{address}", "password": "short"})],
    "ask for another code": [_REGISTER, _AGAIN, _AGAIN, _AGAIN],
    "have it sent again": [_REGISTER, _RESEND, _RESEND],
    "guess at a code": [_REGISTER, _GUESS],
    "guess until the code is over": [_REGISTER, _GUESS, _GUESS, _GUESS, _RESEND],
    "guess until all codes are over": [_REGISTER, _GUESS, _GUESS, _AGAIN, _GUESS, _GUESS, _AGAIN, _GUESS],
    "guess, and log in": [_REGISTER, _GUESS, _LOG_IN],
    "ask for a forgotten password": [_FORGET],
    "ask until nothing is sent": [_FORGET] * 5,
    "have a forgotten one sent again": [_FORGET, _RESEND, _RESEND],
    "guess at a forgotten one": [_FORGET, _RECOVER, _RECOVER, _RECOVER, _FORGET, _RECOVER, _RECOVER, _RESEND],
    "recover by username": [("/recovery", {"identifier": "{name}"})],
    "recover, and log in": [_FORGET, _RECOVER, _LOG_IN],
}
"""What somebody may do who knows an address, and neither its password nor its mailbox."""


def about(address: str, script: Script) -> Script:
    """Return a script with the address, and the username, of whom it is about."""
    told = {"address": address, "name": name_of(address)}
    return [
        (path, None if body is None else {key: text.format(**told) for key, text in body.items()})
        for path, body in script
    ]


_CALLS: Mapping[str, Callable[..., Awaitable[object]]] = {
    "/login": lambda auth, _, **body: auth.log_in(**body),
    "/register": lambda auth, _, **body: auth.register(**body),
    "/verification": lambda auth, challenge: auth.request_verification(challenge=challenge),
    "/verify": lambda auth, challenge, **body: auth.verify_account(challenge=challenge, **body),
    "/recovery": lambda auth, _, **body: auth.request_recovery(**body),
    "/recovery/answer": lambda auth, challenge, **body: auth.recover(challenge=challenge, **body),
    "/resend": lambda auth, challenge: auth.resend_code(challenge),
}


async def play(auth: Auth, script: Script) -> list[object]:
    """Run a script on the core, and return what came of each request; the newest challenge is the one that counts."""
    told, challenge = [], ""
    for path, body in script:
        try:
            told.append(await _CALLS[path](auth, challenge, **(body or {})))
        except AuthError as refusal:
            told.append(refusal)
        challenge = told[-1].token if isinstance(told[-1], Issued) else challenge
    return told


def strict(policy: Policy) -> Policy:
    """Return a policy with the limits of `POLICY`."""
    chosen = (each.name for each in fields(POLICY) if getattr(POLICY, each.name) != getattr(Policy(), each.name))
    return replace(policy, **{name: getattr(POLICY, name) for name in chosen})
