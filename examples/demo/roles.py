"""The roles of the demo.  Who may give one to whom is decided elsewhere."""

from collections.abc import Mapping
from typing import Final

from authcore import Auth
from authcore.errors import InvalidInput

__all__ = ["ADMINISTRATOR", "ROLES", "give_role"]

ADMINISTRATOR: Final = "administrator"

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "member": ("profile:*", "notes:read,write"),
    "analyst": ("reports:read",),
    "support": ("accounts:manage",),
    ADMINISTRATOR: ("*",),
}
"""What each role grants; whoever has proven an address is a member."""


async def give_role(auth: Auth, account_id: str, role: str) -> None:
    """Give one of these roles to an account; raises InvalidInput for any other."""
    if role not in ROLES:
        raise InvalidInput("role", "unknown")
    await auth.assign_role(account_id=account_id, role=role, permissions=ROLES[role])
