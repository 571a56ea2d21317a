"""A courier for a machine without a mail server: it prints codes, and keeps letters for the page that shows them.

It stands where an application would have one that speaks SMTP.  What letters are sent, and when, the library decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from authcore import Letter, MessageKind
from authcore.ports import Courier
from examples.demo.common import Facts, Newest

__all__ = ["Posted", "TerminalCourier"]

_LETTERS_KEPT: Final = 100

_LINES: Final = {
    MessageKind.CODE: "code {letter.code} for {letter.destination}",
    MessageKind.ALREADY_REGISTERED: "notice for {letter.destination}: somebody wanted it for another account",
    MessageKind.PASSWORD_CHANGED: "notice for {letter.destination}: the password was changed",
    MessageKind.SECOND_FACTOR_CHANGED: "notice for {letter.destination}: the code at login was turned on or off",
    MessageKind.ADDRESS_CHANGED: "notice for {letter.destination}: the account has another address",
    MessageKind.EXTERNAL_IDENTITY_CHANGED: "notice for {letter.destination}: a way to log in was added or removed",
}


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter, and when it came here."""

    letter: Letter
    at: datetime


class TerminalCourier(Courier):
    """Prints each letter in one line, and keeps the newest hundred until the demo stops, and no longer."""

    def __init__(self, common: Path) -> None:
        self._posted = Newest(common, "letter", most=_LETTERS_KEPT)

    def __iter__(self) -> Iterator[Posted]:
        """The letters that are kept, newest first."""
        return map(_read, self._posted)

    async def send(self, letter: Letter, /) -> None:
        """Print the letter, and keep it."""
        print(_LINES[letter.kind].format(letter=letter), flush=True)
        self._posted.add(_written(Posted(letter, datetime.now(UTC))))


def _written(posted: Posted) -> Facts:
    letter = posted.letter
    return {
        "at": posted.at.isoformat(),
        "id": letter.id,
        "kind": letter.kind.value,
        "destination": letter.destination,
        "created_at": letter.created_at.isoformat(),
        "purpose": letter.purpose,
        "code": letter.code,
        "expires_at": letter.expires_at and letter.expires_at.isoformat(),
    }


def _read(facts: Facts) -> Posted:
    letter = Letter(
        id=facts["id"],
        kind=MessageKind(facts["kind"]),
        destination=facts["destination"],
        created_at=datetime.fromisoformat(facts["created_at"]),
        purpose=facts["purpose"],
        code=facts["code"],
        expires_at=facts["expires_at"] and datetime.fromisoformat(facts["expires_at"]),
    )
    return Posted(letter, datetime.fromisoformat(facts["at"]))
