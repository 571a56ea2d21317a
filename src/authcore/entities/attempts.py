"""What was done how often: rows that are only ever added, so that strangers who share something never conflict."""

from dataclasses import dataclass
from typing import ClassVar

from authcore.entities.base import Entity, Id

__all__ = ["Attempt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Entity):
    """Something that was done once, at `created_at`, and is counted for its `subject`: a network, a captcha.

    Ids are made so that the newest attempt comes first.
    """

    OWNER: ClassVar[str | None] = "subject"

    subject: Id
