"""What was done how often: by many who share something, where nobody may wait; and against one, where it is exact."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from authcore.entities.base import Entity, Id

__all__ = ["Attempt", "Tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Entity):
    """Something that was done once, at `created_at`, and is counted for its `subject`: a network, a captcha.

    It is only ever added, so that strangers who share a subject never conflict.  Ids are made so that the newest
    attempt comes first.
    """

    OWNER: ClassVar[str | None] = "subject"
    DATED: ClassVar[str | None] = "created_at"

    subject: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally(Entity):
    """How often something has failed since `failing_since`: its id says what, against whom.

    It is written by every failure, so that the count is exact whoever fails at the same time.
    """

    DATED: ClassVar[str | None] = "updated_at"

    failures: int = 0
    failing_since: datetime | None = None
