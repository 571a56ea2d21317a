"""Permissions: how they are written, what implies what, and what a set of grants allows.

Who holds which is decided elsewhere.
"""

from authcore.permissions.matching import Permission, Permissions, PermissionSet, Requirement

__all__ = ["Permission", "PermissionSet", "Permissions", "Requirement"]
