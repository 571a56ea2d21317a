"""The roles of the demo, and its first administrator.  Everybody else registers through the pages."""

import base64
import secrets
import textwrap
from dataclasses import replace
from typing import Final

from authcore import Account, Auth, Letter
from authcore.errors import UsernameTaken
from authcore.ports import Courier

__all__ = ["make_member", "seed"]

_NAME: Final = "grace"
_ADDRESS: Final = "grace@example.org"
_PASSWORD_OCTETS: Final = 15  # 120 random bits, which base32 writes in 24 characters


async def make_member(auth: Auth, account: Account) -> None:
    """Give an account the role of whoever has proven an address."""
    await auth.assign_role(account_id=account.id, role="member", permissions=["profile:*", "notes:read,write"])


async def seed(auth: Auth) -> str:
    """Make the administrator if there is none, and return what to tell about it in the terminal.

    An account that is there already gets no role from here: it might be a stranger's who liked the name.
    """
    if await _is_there(auth):
        return f"account   {_NAME} is there already; the password was shown when it was made"
    password = _new_password()
    try:
        account = await _register(auth, password)
    except UsernameTaken:
        return f"account   none made: somebody else is called {_NAME}"
    await auth.assign_role(account_id=account.id, role="admin", permissions=["*"])
    return f"account   {_NAME}, who may do everything; the password, shown only now: {password}"


async def _is_there(auth: Auth) -> bool:
    account = await auth.find_account(_ADDRESS)
    return account is not None and account.verified_at is not None


async def _register(auth: Auth, password: str) -> Account:
    """Register and prove the address as any person would, with a courier that hands over the code."""
    hand = _Hand(auth.courier)
    by_hand = replace(auth, courier=hand)
    challenge = await by_hand.register(email=_ADDRESS, username=_NAME, password=password)
    await by_hand.deliver_due()
    return await by_hand.verify_account(challenge=challenge.token, code=hand.code)


def _new_password() -> str:
    text = base64.b32encode(secrets.token_bytes(_PASSWORD_OCTETS)).decode().lower()
    return "-".join(textwrap.wrap(text, 4))


class _Hand(Courier):
    """Keeps the code that is sent to the administrator, and leaves all other letters to the real courier."""

    def __init__(self, others: Courier) -> None:
        self._others = others
        self.code = ""

    async def send(self, letter: Letter, /) -> None:
        """Keep the code, or pass the letter on."""
        if letter.destination == _ADDRESS and letter.code is not None:
            self.code = letter.code
        else:
            await self._others.send(letter)
