"""What visitors have left in the guest book: the newest lines.  Who may write one is not decided here."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from authcore.errors import InvalidInput
from examples.demo.common import Newest

__all__ = ["Guestbook", "Line"]

_MOST_LINES: Final = 50
_LONGEST_NAME: Final = 40
_LONGEST_TEXT: Final = 280


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody has written; raises InvalidInput for what is empty or too long."""

    name: str
    text: str

    def __post_init__(self) -> None:
        """Refuse what fills no line, or more than one."""
        for field, value, longest in (("name", self.name, _LONGEST_NAME), ("text", self.text, _LONGEST_TEXT)):
            if len(value) > longest:
                raise InvalidInput(field, "too_long")
        if not self.text.strip():
            raise InvalidInput("text", "empty")


class Guestbook:
    """The newest lines; it is empty when the demo starts."""

    def __init__(self, common: Path) -> None:
        self._lines = Newest(common, "line", most=_MOST_LINES)

    def __iter__(self) -> Iterator[Line]:
        """Go through the lines, newest first."""
        return (Line(**facts) for facts in self._lines)

    def add(self, line: Line) -> None:
        """Keep a line."""
        self._lines.add(asdict(line))
