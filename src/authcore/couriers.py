"""Choosing among couriers.  None that brings anything anywhere belongs here."""

from dataclasses import dataclass

from authcore.entities import Letter
from authcore.ports import Courier

__all__ = ["ByDestination"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDestination(Courier):
    """Gives letters to addresses to one courier, and those to telephones to another one."""

    mail: Courier
    text: Courier

    async def send(self, letter: Letter, /) -> None:
        """Send one letter by the courier for where it goes."""
        await (self.mail if "@" in letter.destination else self.text).send(letter)
