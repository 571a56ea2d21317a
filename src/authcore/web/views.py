"""The public JSON of entities: an allow-list of fields.  What is not named here never leaves through an endpoint."""

from datetime import datetime
from typing import Final

from authcore.audit import session_digest
from authcore.entities import Account, AuthenticationSession, CaptchaSession, Role, TwoStepSession
from authcore.principal import Principal
from authcore.revocation import OpenSession
from authcore.rotation import last_used
from authcore.web.messages import Json

__all__ = [
    "account_view",
    "captcha_view",
    "challenge_view",
    "open_session_view",
    "principal_view",
    "role_view",
    "session_view",
]

_TIME: Final = "%04d-%02d-%02dT%02d:%02d:%02dZ"


def account_view(account: Account) -> dict[str, Json]:
    """Return what an account's own holder may see of it."""
    return {
        "id": account.id,
        "username": account.username,
        "email": account.email,
        "phone": account.phone,
        "verified": account.verified_at is not None,
        "disabled": account.disabled_at is not None,
        "second_factor": account.second_factor,
        "created_at": _time(account.created_at),
    }


def session_view(session: AuthenticationSession) -> dict[str, Json]:
    """Return what the holder of a session may see of it; its id is shown as a digest, which opens nothing."""
    return {
        "id": session_digest(session.id),
        "created_at": _time(session.created_at),
        "auth_time": _time(session.auth_time),
        "amr": list(session.amr),
        "requires_second_factor": session.requires_second_factor,
        "tag": session.tag,
        "network": session.network,
        "user_agent": session.user_agent,
        "last_used_at": _time(last_used(session)),
        "rotates_at": _time(session.rotates_at),
        "inactive_at": _time(session.inactive_at),
        "expires_at": _time(session.expires_at),
    }


def open_session_view(listed: OpenSession) -> dict[str, Json]:
    """Return a session as its holder sees it among others."""
    return {**session_view(listed.session), "current": listed.current}


def challenge_view(challenge: TwoStepSession) -> dict[str, Json]:
    """Return what whoever asked for a code may see: the same whether one was sent or not."""
    return {
        "purpose": challenge.purpose,
        "attempts_left": challenge.max_attempts - challenge.attempts,
        "expires_at": _time(challenge.expires_at),
    }


def captcha_view(captcha: CaptchaSession) -> dict[str, Json]:
    """Return what whoever asked for a captcha may see of it; what it says is for eyes and ears."""
    return {"attempts_left": captcha.max_attempts - captcha.attempts, "expires_at": _time(captcha.expires_at)}


def role_view(role: Role) -> dict[str, Json]:
    """Return what whoever has a role may see of it."""
    return {"name": role.id, "description": role.description, "permissions": list(role.permissions)}


def principal_view(principal: Principal) -> dict[str, Json]:
    """Return who the caller is, and what it may do."""
    return {
        "account": account_view(principal.account),
        "session": session_view(principal.session),
        "roles": sorted(principal.roles),
        "permissions": sorted(str(permission) for permission in principal.permissions),
    }


def _time(moment: datetime) -> str:
    # A list of sessions has many of them, and `strftime` takes three times as long.
    return _TIME % (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
