"""Accounts, sessions, verification and permissions for any Python web framework: the core, which knows none of them."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # for whoever reads types; for all others each name is imported once it is asked for
    from authcore.auth import Auth, Identified, Issued, Page
    from authcore.bootstrap import FirstAdministrator
    from authcore.captcha_settings import CaptchaSettings, PictureFormat
    from authcore.console import ConsoleCourier
    from authcore.cookie_settings import CookieSettings, SameSite
    from authcore.couriers import ByDestination
    from authcore.entities import (
        Account,
        AuthenticationSession,
        CaptchaSession,
        Device,
        Grant,
        Letter,
        MessageKind,
        Role,
        TwoStepSession,
    )
    from authcore.errors import AuthcoreError, AuthError, ConfigurationError, DeliveryFault, Fault
    from authcore.hashing import Argon2Hasher
    from authcore.identifiers import IdentifierKind
    from authcore.key_material import Algorithm
    from authcore.keyring import Keyring, RootKey
    from authcore.memory import MemoryStore
    from authcore.permissions import Permission, PermissionSet, Requirement
    from authcore.policy import AssuranceLevel, Policy
    from authcore.principal import Anonymous, Principal
    from authcore.retention import Purged
    from authcore.roles import RoleRequirement
    from authcore.sealing import AuditFinding, AuditFlaw, AuditHead, AuditReport
    from authcore.signing import SigningKey, VerificationKey
    from authcore.system import SystemClock, SystemEntropy
    from authcore.throttle import Throttle
    from authcore.tokens import Reference, TokenVerifier

__all__ = [
    "Account",
    "Algorithm",
    "Anonymous",
    "Argon2Hasher",
    "AssuranceLevel",
    "AuditFinding",
    "AuditFlaw",
    "AuditHead",
    "AuditReport",
    "Auth",
    "AuthError",
    "AuthcoreError",
    "AuthenticationSession",
    "ByDestination",
    "CaptchaSession",
    "CaptchaSettings",
    "ConfigurationError",
    "ConsoleCourier",
    "CookieSettings",
    "DeliveryFault",
    "Device",
    "Fault",
    "FirstAdministrator",
    "Grant",
    "Identified",
    "IdentifierKind",
    "Issued",
    "Keyring",
    "Letter",
    "MemoryStore",
    "MessageKind",
    "Page",
    "Permission",
    "PermissionSet",
    "PictureFormat",
    "Policy",
    "Principal",
    "Purged",
    "Reference",
    "Requirement",
    "Role",
    "RoleRequirement",
    "RootKey",
    "SameSite",
    "SigningKey",
    "SystemClock",
    "SystemEntropy",
    "Throttle",
    "TokenVerifier",
    "TwoStepSession",
    "VerificationKey",
]

_HOMES: Final[Mapping[str, str]] = {
    name: home
    for home, names in {
        "authcore.auth": (
            "Auth",
            "Identified",
            "Issued",
            "Page",
        ),
        "authcore.bootstrap": ("FirstAdministrator",),
        "authcore.captcha_settings": (
            "CaptchaSettings",
            "PictureFormat",
        ),
        "authcore.console": ("ConsoleCourier",),
        "authcore.cookie_settings": (
            "CookieSettings",
            "SameSite",
        ),
        "authcore.couriers": ("ByDestination",),
        "authcore.entities": (
            "Account",
            "AuthenticationSession",
            "CaptchaSession",
            "Device",
            "Grant",
            "Letter",
            "MessageKind",
            "Role",
            "TwoStepSession",
        ),
        "authcore.errors": (
            "AuthcoreError",
            "AuthError",
            "ConfigurationError",
            "DeliveryFault",
            "Fault",
        ),
        "authcore.hashing": ("Argon2Hasher",),
        "authcore.identifiers": ("IdentifierKind",),
        "authcore.key_material": ("Algorithm",),
        "authcore.keyring": (
            "Keyring",
            "RootKey",
        ),
        "authcore.memory": ("MemoryStore",),
        "authcore.permissions": (
            "Permission",
            "PermissionSet",
            "Requirement",
        ),
        "authcore.policy": (
            "AssuranceLevel",
            "Policy",
        ),
        "authcore.principal": (
            "Anonymous",
            "Principal",
        ),
        "authcore.retention": ("Purged",),
        "authcore.roles": ("RoleRequirement",),
        "authcore.sealing": (
            "AuditFinding",
            "AuditFlaw",
            "AuditHead",
            "AuditReport",
        ),
        "authcore.signing": (
            "SigningKey",
            "VerificationKey",
        ),
        "authcore.system": (
            "SystemClock",
            "SystemEntropy",
        ),
        "authcore.throttle": ("Throttle",),
        "authcore.tokens": (
            "Reference",
            "TokenVerifier",
        ),
    }.items()
    for name in names
}
"""The module that each name comes from."""


def __getattr__(name: str) -> object:
    """Import the module of a name: `import authcore` alone costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
