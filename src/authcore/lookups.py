"""Reading what belongs together, through any Reader.  Nothing here decides or writes."""

from authcore.accounts import Claim, password_id
from authcore.challenges import CHANGE_ADDRESS, Challenged, slot_id, subject
from authcore.entities import Account, Attempt, ChallengeSlot, Credential, Identifier, Tally, TwoStepSession
from authcore.identifiers import CanonicalIdentifier, recognise
from authcore.ports import Reader, by_id, by_owner
from authcore.throttle import Throttle
from authcore.throttling import Counted, Failing

__all__ = [
    "challenged",
    "claim_on",
    "count_of",
    "destination_of",
    "failures_of",
    "password_of",
    "slot_of",
    "wanted_address",
]


async def claim_on(reader: Reader, name: CanonicalIdentifier, *, stored_as: str | None = None) -> Claim:
    """Return who holds a name; a decoy's claim is stored under another id than the name's own."""
    claim_id = stored_as or name.id
    identifier = await reader.get(by_id(Identifier, claim_id))
    holder_id = None if identifier is None else identifier.account_id
    holder = None if holder_id is None else await reader.get(by_id(Account, holder_id))
    return Claim(id=claim_id, name=name, identifier=identifier, holder=holder)


async def password_of(reader: Reader, account: Account | None) -> Credential | None:
    """Return the password credential of an account, if there are both."""
    return None if account is None else await reader.get(by_id(Credential, password_id(account.id)))


async def challenged(reader: Reader, challenge_id: str) -> Challenged:
    """Return a challenge, and whose it is: the subject never comes from anywhere else."""
    challenge = await reader.get(by_id(TwoStepSession, challenge_id))
    if challenge is None or challenge.account_id is None:
        return Challenged(challenge=challenge)
    account = subject(challenge, await reader.get(by_id(Account, challenge.account_id)))
    slot = await slot_of(reader, account, challenge.purpose)
    return Challenged(challenge=challenge, account=account, slot=slot)


async def slot_of(reader: Reader, account: Account | None, purpose: str) -> ChallengeSlot | None:
    """Return an account's slot for challenges of one purpose, if there are both."""
    return None if account is None else await reader.get(by_id(ChallengeSlot, slot_id(account.id, purpose)))


async def destination_of(reader: Reader, challenge: TwoStepSession | None) -> Claim | None:
    """Return who holds the address that a challenge's code was sent to, if there is one, and it was not erased."""
    if challenge is None or not challenge.destination:
        return None
    return await claim_on(reader, recognise(challenge.destination))


async def wanted_address(reader: Reader, challenge: TwoStepSession | None) -> Claim | None:
    """Return who holds the address that a challenge is to make an account's own, if it is there for that."""
    is_wanted = challenge is not None and challenge.purpose == CHANGE_ADDRESS
    return await destination_of(reader, challenge) if is_wanted else None


async def count_of(reader: Reader, subject: str, throttle: Throttle) -> Counted:
    """Return whether a subject has used up its limit; a single row tells, however high that is."""
    last = await reader.find(by_owner(Attempt, subject, skip=throttle.limit - 1, limit=1))
    return Counted(subject=subject, throttle=throttle, last=last[0] if last else None)


async def failures_of(reader: Reader, subject: str, throttle: Throttle) -> Failing:
    """Return how often a subject has failed of late."""
    return Failing(subject=subject, throttle=throttle, tally=await reader.get(by_id(Tally, subject)))
