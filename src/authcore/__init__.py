"""Accounts, sessions, verification and permissions for any Python web framework: the core, which knows none of them."""

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
