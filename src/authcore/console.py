"""A courier for development: it writes letters, codes included, where the developer looks.  Never for production."""

import sys
from dataclasses import dataclass, field
from typing import TextIO

from authcore.entities import Letter, MessageKind
from authcore.ports import Courier

__all__ = ["ConsoleCourier"]


@dataclass(frozen=True, slots=True)
class ConsoleCourier(Courier):
    """Writes each letter as one line to a stream: the error output, unless another one is given."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)

    async def send(self, letter: Letter, /) -> None:
        """Write the letter's line."""
        said = f"code {letter.code} ({letter.purpose})" if letter.kind is MessageKind.CODE else letter.kind.value
        self.stream.write(f"authcore: for {letter.destination}: {said}\n")
        self.stream.flush()
