"""Drawing and speaking captchas: the one module that uses the `captcha` package.

What a captcha shows, and whether an answer is right, is decided elsewhere.  Run as a program, which `authcore.offload`
does, it speaks a single one: the code comes in, a WAV file goes out.
"""

import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from authcore.captcha_settings import CaptchaSettings
from authcore.errors import RenderingFault
from authcore.rendering import Rendering

if TYPE_CHECKING:
    from captcha.image import ImageCaptcha

__all__ = ["SOUND", "PackageRenderer", "speak"]

SOUND: Final = "audio/wav"

_LETTER_HEIGHTS: Final = (0.6, 0.7, 0.8)  # of the picture's


@dataclass(frozen=True)
class PackageRenderer:
    """A `CaptchaRenderer` that has the `captcha` package draw and speak, here and now.

    Speaking takes it a fraction of a second of pure Python, which holds up every other thread: under an event loop
    `authcore.offload.SpeakingApart` takes its place.  Raises ModuleNotFoundError if the extra `captcha` is missing.
    """

    settings: CaptchaSettings

    def __post_init__(self) -> None:
        """Look for the package, and load nothing of it yet."""
        if find_spec("captcha") is None:
            raise ModuleNotFoundError('captchas need a package: pip install "authcore[captcha]"', name="captcha")

    def picture(self, code: str, /) -> Rendering:
        """Return a picture of the code, in the format of the settings."""
        try:
            content = self._artist.generate(code, format=self.settings.format).getvalue()
        except Exception as error:
            # The package has no errors of its own: whatever its fonts and codecs raise, there is no picture.
            raise RenderingFault(f"a captcha could not be drawn: {error}") from error
        return Rendering(f"image/{self.settings.format}", content)

    def sound(self, code: str, /) -> Rendering:
        """Return a WAV file that speaks the code."""
        try:
            return Rendering(SOUND, speak(code, self.settings.voices))
        except Exception as error:
            raise RenderingFault(f"a captcha could not be spoken: {error}") from error

    @cached_property
    def _artist(self) -> "ImageCaptcha":
        from captcha.image import ImageCaptcha  # noqa: PLC0415  it loads Pillow, which most applications never need

        return ImageCaptcha(
            width=self.settings.width,
            height=self.settings.height,
            fonts=list(self.settings.fonts),
            font_sizes=tuple(int(self.settings.height * part) for part in _LETTER_HEIGHTS),
        )


def speak(code: str, voices: str | None = None) -> bytes:
    """Return a WAV file that speaks a code, by these voices or the package's own."""
    from captcha.audio import AudioCaptcha  # noqa: PLC0415  as above

    return bytes(AudioCaptcha(voices).generate(code))


if __name__ == "__main__":
    sys.stdout.buffer.write(speak(sys.stdin.read(), *sys.argv[1:]))
