"""Deciding about recovery: whose forgotten password may be replaced, and what replaces it.  Nothing here performs I/O.

Anybody may ask for a code, about anybody.  Whoever is not to get one is *nobody*, a decoy that is never stored, for
whom the same is done, down to the rows that are written.
"""

import hashlib
import hmac
from dataclasses import replace
from typing import Final

from authcore import accounts, audit, challenges, outbox
from authcore.accounts import Claim
from authcore.decisions import Decision, accept
from authcore.entities import Account, AuditKind, Credential, MessageKind, TwoStepSession
from authcore.identifiers import CanonicalIdentifier
from authcore.lifecycle import names_shown, raised
from authcore.occasion import Occasion
from authcore.throttle import Throttle

__all__ = ["NAME_KEY", "PURPOSE", "digest_of", "named", "nobody", "recover", "request", "share", "unheard"]

PURPOSE: Final = challenges.RECOVER

NAME_KEY: Final = "name"
"""The purpose for which a keyring derives the key of the digests of names."""

_DIGEST_LENGTH: Final = 32
_NO_EPOCH: Final = 0  # those of accounts begin with 1


def digest_of(name: CanonicalIdentifier, *, key: bytes) -> str:
    """Return what stands for a name where it is counted, known or not: nobody finds the name by it without the key."""
    return hmac.digest(key, name.id.encode(), hashlib.sha256).hex()[:_DIGEST_LENGTH]


def share(throttle: Throttle) -> Throttle:
    """Return how much of a limit one network may use up: half, so that one stranger leaves the owner something."""
    return replace(throttle, limit=max(1, throttle.limit // 2))


def named(claim: Claim) -> Account | None:
    """Return the account that may be recovered by an address, or None.

    One that may be used, has proven this very address, and has its messages sent there: to any other one the code would
    go somewhere else than was asked for, and tell who has both.
    """
    account = accounts.account_for_login(claim)
    if account is None or accounts.standing(account) is not None:
        return None
    address = accounts.address_of(account)
    return account if claim.name.id in {name.id for name in names_shown(account) if name.display == address} else None


def nobody(occasion: Occasion, *, digest: str) -> Account:
    """Return who is meant by a name that nobody may recover by: the same each time, so that guesses count alike.

    It has no address: nothing is sent there, and what a stranger has typed may be somebody's who was erased.
    """
    return accounts.nobody(f"nobody-{digest}", epoch=1, now=occasion.now)


def unheard(account: Account) -> Account:
    """Return an account as it is for a request that sends nothing any more: a decoy, whose guesses count as its own.

    Under an epoch that it never has, its challenge never becomes its own again.  A count of their own would tell
    strangers, who guess before the limit and after it, that there is an account.
    """
    return replace(account, epoch=_NO_EPOCH, decoy=True)


def request(occasion: Occasion, *, account: Account) -> Decision[TwoStepSession]:
    """Decide to send a code to an account's address; for nobody, to send none and look alike."""
    return challenges.request(
        occasion, account=account, slot=None, purpose=PURPOSE, destination=accounts.address_of(account)
    )


def recover(
    occasion: Occasion,
    answered: Decision[TwoStepSession],
    *,
    account: Account,
    credential: Credential | None,
    secret: str,
) -> Decision[Account]:
    """Decide what a right code replaces: the password, which there need not have been.

    Raising the epoch ends every session, every open challenge and every other code, for good; nobody is logged in, and
    what factors an account needs is not touched.
    """
    if answered.outcome is None:
        return answered.refused()
    recovered = raised(account, occasion)
    address = accounts.address_of(recovered)
    writes = (
        *answered.writes,
        recovered,
        accounts.password_credential(credential, recovered, secret, now=occasion.now),
        outbox.notice(occasion, MessageKind.PASSWORD_CHANGED, account=recovered, destination=address),
        # Without a session: it has begun none.
        audit.record(occasion, AuditKind.PASSWORD_CHANGED, account_id=recovered.id, reason=PURPOSE),
    )
    return accept(recovered, writes)
