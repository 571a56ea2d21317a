"""Making the first administrator of the demo.  Everybody else registers through the pages."""

import base64
import secrets
import textwrap
from typing import Final

from authcore import Auth, ConfigurationError
from authcore.bootstrap import FirstAdministrator
from authcore.errors import IdentifierTaken, InvalidInput
from examples.demo.roles import ADMINISTRATOR, ROLES

__all__ = ["seed"]

_PASSWORD_OCTETS: Final = 15  # 120 random bits, which base32 writes in 24 characters


async def seed(auth: Auth) -> str:
    """Make the administrator if there was none yet, and return what to tell about it in the terminal.

    Who it is, the environment may say; otherwise a password is drawn.  An account that is there already gets no role
    from here: it might be a stranger's who liked the name.
    """
    chosen = FirstAdministrator.from_env()
    first = chosen or FirstAdministrator(email="grace@example.org", username="grace", password=_new_password())
    try:
        made = await auth.create_first_administrator(first, role=ADMINISTRATOR, permissions=ROLES[ADMINISTRATOR])
    except IdentifierTaken:
        return "account   no administrator made: somebody else has that address or name; start over with --fresh"
    except InvalidInput as refusal:
        raise ConfigurationError(
            f"AUTHCORE_ADMIN_{refusal.field.upper()} cannot be used: {refusal.reason}"
        ) from refusal
    if made is None:
        return "account   the administrator is there already; the password was shown, or chosen, when it was made"
    told = "not shown: the one of AUTHCORE_ADMIN_PASSWORD" if chosen else f"shown only now: {first.password}"
    return f"account   {first.username or first.email}, who may do everything; the password, {told}"


def _new_password() -> str:
    text = base64.b32encode(secrets.token_bytes(_PASSWORD_OCTETS)).decode().lower()
    return "-".join(textwrap.wrap(text, 4))
