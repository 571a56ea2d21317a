"""What people look at or listen to: a picture or a sound as a value.  Nothing is drawn here."""

from dataclasses import dataclass, field

__all__ = ["Rendering"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """A picture or a sound, complete, and what type of media it is."""

    media_type: str
    content: bytes = field(repr=False)
