"""What successful answers hold, as JSON Schemas: the shapes of `views`, and of each kind of answer made of them.

Objects are closed, as the views are allow-lists: whatever leaves without standing here is a fault of one of the two.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from authcore.policy import Policy
from authcore.web.messages import Json

__all__ = [
    "CHALLENGED",
    "CHANGED",
    "CONFIRMED",
    "COUNT",
    "DESCRIBED",
    "DRAWN",
    "ENDED",
    "LIFTED",
    "LISTED",
    "OPENED",
    "RENEWED",
    "RESENT",
    "REVOKED",
    "SEEN",
    "SHOWN",
    "SPOKEN",
    "TEXT",
    "VIEWS",
    "Answer",
    "Schema",
    "closed",
    "component",
]

Schema: TypeAlias = Mapping[str, Json]

TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}

_OBJECT: Final[Schema] = {"type": "object"}
_TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_PERHAPS: Final[Schema] = {"type": ["string", "null"]}
_TRUTH: Final[Schema] = {"type": "boolean"}

_SESSION: Final[Schema] = {
    "id": TEXT,
    "created_at": _TIME,
    "auth_time": _TIME,
    "amr": _TEXTS,
    "requires_second_factor": _TRUTH,
    "tag": TEXT,
    "network": TEXT,
    "user_agent": TEXT,
    "last_used_at": _TIME,
    "rotates_at": _TIME,
    "inactive_at": _TIME,
    "expires_at": _TIME,
}


def closed(members: Schema) -> Schema:
    """Return the schema of an object with exactly these members."""
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def component(name: str, section: str = "schemas") -> Schema:
    """Return the reference to a component; `authcore.` keeps it apart from those of the application's own document."""
    return {"$ref": f"#/components/{section}/authcore.{name}"}


VIEWS: Final[Mapping[str, Schema]] = {
    "Account": closed(
        {
            "id": TEXT,
            "username": _PERHAPS,
            "email": _PERHAPS,
            "phone": _PERHAPS,
            "verified": _TRUTH,
            "disabled": _TRUTH,
            "second_factor": _TRUTH,
            "created_at": _TIME,
        }
    ),
    "Session": closed(_SESSION),
    "OpenSession": closed({**_SESSION, "current": _TRUTH}),
}
"""The views that answers refer to, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request gets that is not refused.

    `members` are those of its JSON, or None if it has none; then `media` may tell what it has instead.  `token` is the
    member that a token is in with `Policy.bearer`; without, `cookies` are set or cleared: `session`, `challenge`,
    `captcha`.  `if_due` says that one is set only to renew a token that is due.
    """

    status: int
    description: str
    members: Schema | None
    token: str | None = None
    cookies: tuple[str, ...] = ()
    if_due: bool = False
    media: Callable[[Policy], str] | None = None


CHALLENGED: Final = Answer(
    status=202,
    description="A code is on its way, or it looks as if.",
    members={"purpose": TEXT, "attempts_left": COUNT, "expires_at": _TIME},
    token="challenge",  # noqa: S106  a member's name
    cookies=("challenge",),
)
CONFIRMED: Final = Answer(
    status=200, description="The code was right.", members={"purpose": TEXT}, cookies=("challenge",)
)
OPENED: Final = Answer(
    status=200,
    description="A new session.",
    members={"session": component("Session")},
    token="token",  # noqa: S106  a member's name
    cookies=("session",),
)
CHANGED: Final = Answer(
    status=200,
    description="The address is the account's own, and the caller has a new session.",
    members={"session": component("Session")},
    token="token",  # noqa: S106  a member's name
    cookies=("session", "challenge"),
)
ENDED: Final = Answer(
    status=204, description="There is no session any more.", members=None, cookies=("session", "challenge")
)
SEEN: Final = Answer(
    status=200,
    description="Who is calling.",
    members={
        "account": component("Account"),
        "session": component("Session"),
        "roles": _TEXTS,
        "permissions": _TEXTS,
    },
    cookies=("session",),
    if_due=True,
)
RENEWED: Final = Answer(
    status=200,
    description="The same session, with the token that counts from now on.",
    members={"session": component("Session")},
    token="token",  # noqa: S106  a member's name
    cookies=("session",),
)
LIFTED: Final = Answer(
    status=200,
    description="A new session, which has met both factors.",
    members={"session": component("Session")},
    token="token",  # noqa: S106  a member's name
    cookies=("session", "challenge"),
)
RESENT: Final = Answer(
    status=202,
    description="The same code is on its way again, or it looks as if.",
    members={"purpose": TEXT, "attempts_left": COUNT, "expires_at": _TIME},
)
LISTED: Final = Answer(
    status=200,
    description="The caller's sessions, newest first.",
    members={"sessions": {"type": "array", "items": component("OpenSession")}},
)
REVOKED: Final = Answer(status=200, description="That session is over.", members={"session": component("Session")})
SHOWN: Final = Answer(
    status=201,
    description="A captcha, to be looked at or listened to.",
    members={"attempts_left": COUNT, "expires_at": _TIME},
    token="captcha",  # noqa: S106  a member's name
    cookies=("captcha",),
)
DRAWN: Final = Answer(
    status=200,
    description="A picture of the captcha, another one each time.",
    members=None,
    media=lambda policy: f"image/{policy.captcha.format}",
)
SPOKEN: Final = Answer(status=200, description="A sound of the captcha.", members=None, media=lambda _: "audio/wav")
DESCRIBED: Final = Answer(
    status=200,
    description="This document.",
    members={
        "openapi": TEXT,
        "info": _OBJECT,
        "tags": {"type": "array", "items": _OBJECT},
        "paths": _OBJECT,
        "components": _OBJECT,
    },
)
