"""The use cases, one flow each: read, ask for a decision, commit it.  What they decide is decided elsewhere."""

from authcore.auth.auth import Auth
from authcore.auth.listings import Page
from authcore.auth.parts import Issued
from authcore.auth.recognition import Identified

__all__ = ["Auth", "Identified", "Issued", "Page"]
