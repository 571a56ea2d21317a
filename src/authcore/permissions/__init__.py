"""Permissions: how they are written, what implies what, and what a set of grants allows.

Who holds which is decided elsewhere.
"""

from authcore.permissions.matching import (
    Condition,
    Holder,
    Permission,
    Permissions,
    PermissionSet,
    Requirement,
    check_stated,
)

__all__ = ["Condition", "Holder", "Permission", "PermissionSet", "Permissions", "Requirement", "check_stated"]
