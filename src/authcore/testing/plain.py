"""Captchas that hide nothing, for tests to read."""

from authcore.ports import CaptchaRenderer
from authcore.rendering import Rendering

__all__ = ["PlainRenderer"]


class PlainRenderer(CaptchaRenderer):
    """Writes the code itself where a picture or a sound would hide it; raises `fault` instead while one is set."""

    def __init__(self) -> None:
        """Begin without a fault."""
        self.fault: Exception | None = None

    def picture(self, code: str, /) -> Rendering:
        """Return the code, said to be a picture."""
        return self._plain("image/png", code)

    def sound(self, code: str, /) -> Rendering:
        """Return the code, said to be a sound."""
        return self._plain("audio/wav", code)

    def _plain(self, media_type: str, code: str) -> Rendering:
        if self.fault is not None:
            raise self.fault
        return Rendering(media_type, code.encode())
