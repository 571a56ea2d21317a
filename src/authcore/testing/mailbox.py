"""A courier that keeps what it was given, for tests to read."""

from authcore.entities import Letter
from authcore.ports import Courier

__all__ = ["Mailbox"]


class Mailbox(Courier):
    """Keeps every letter in `letters`; raises `fault` instead while one is set."""

    def __init__(self) -> None:
        """Begin empty."""
        self.letters: list[Letter] = []
        self.fault: Exception | None = None

    async def send(self, letter: Letter, /) -> None:
        """Keep the letter."""
        if self.fault is not None:
            raise self.fault
        self.letters.append(letter)

    def last_code(self, destination: str | None = None) -> str:
        """Return the newest code that was sent (to this destination); LookupError if none was."""
        for letter in reversed(self.letters):
            if letter.code is not None and destination in {None, letter.destination}:
                return letter.code
        msg = f"no code was sent to {destination or 'anybody'}"
        raise LookupError(msg)
