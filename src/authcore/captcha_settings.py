"""How captchas look, sound and hold: settings.  Nothing is drawn here, and nothing is decided about an answer.

Files that are named are looked at when the settings are built, so that a wrong path stops the start of an application
and not the first visitor.
"""

import wave
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from authcore.errors import ConfigurationError
from authcore.throttle import Throttle

__all__ = ["CaptchaSettings", "PictureFormat"]

_FEWEST_CODES: Final = 10**4
_LONGEST_CODE: Final = 12
_LONGEST_LIFETIME: Final = timedelta(hours=1)
_MOST_ATTEMPTS: Final = 10
_MOST_RENDERINGS: Final = 100
_WIDTHS: Final = range(100, 1001)
_HEIGHTS: Final = range(40, 401)

_FONTS: Final = (b"\0\1\0\0", b"OTTO", b"true", b"ttcf")
"""How TrueType and OpenType files, and collections of them, begin."""

_VOICE: Final = (1, 1, 8000)  # what the mixer reads, and takes for granted: mono, 8 bits, 8 kHz
_VOICES_OF_THE_PACKAGE: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class PictureFormat(StrEnum):
    """As which type of file a captcha is drawn."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptchaSettings:
    """What captchas are like; the defaults are digits, since people of every language can read and hear them.

    Raises ConfigurationError for a value out of range, and for a font or voice that is not there or cannot be used.
    """

    lifetime: timedelta = timedelta(minutes=5)
    """How long a captcha waits for its answer; at most an hour."""

    attempts: int = 3
    """How many answers one captcha allows: 1 to 10."""

    renderings: int = 10
    """How often one captcha is drawn or spoken: 1 to 100.  Each is another one, and many together give it away."""

    per_network: Throttle = field(default_factory=lambda: Throttle(limit=300, window=timedelta(minutes=10)))
    """How many renderings and answers together one network gets: an IPv4 address, or the /64 of an IPv6 address."""

    alphabet: str = "0123456789"
    """What captchas are made of: digits and upper-case ASCII letters."""

    length: int = 6
    """How long one is, at most 12; alphabet and length must make at least ten thousand."""

    width: int = 300
    """Pixels of a picture, from left to right: 100 to 1000."""

    height: int = 90
    """Pixels of a picture, from top to bottom: 40 to 400."""

    format: PictureFormat = PictureFormat.PNG
    """The type of a picture's file; a sound is always a WAV file."""

    fonts: tuple[str, ...] = ()
    """Paths of TrueType or OpenType fonts, of which each letter takes one; without any, the package's own font."""

    voices: str | None = None
    """A folder that holds a folder of WAV files (mono, 8 bits, 8 kHz) for each letter; without it, the package's own.

    Whoever records new ones makes captchas that nobody has learnt to hear by machine.
    """

    endpoints: frozenset[str] = frozenset()
    """The names of our endpoints that ask for a captcha first: `register`, `log_in` and `request_recovery` may."""

    def __post_init__(self) -> None:
        """Refuse what could not be drawn, spoken or guessed at safely."""
        problems = [otherwise for is_broken, otherwise in _RULES if is_broken(self)]
        # Files are looked for by letter: not before the alphabet is one.
        problems = problems or [*_of_fonts(self.fonts), *_of_voices(self.voices, self.alphabet)]
        if problems:
            raise ConfigurationError("; ".join(problems))


def _is_no_alphabet(settings: CaptchaSettings) -> bool:
    letters = settings.alphabet
    return not _VOICES_OF_THE_PACKAGE.issuperset(letters) or len(set(letters)) < len(letters)


_RULES: Final[tuple[tuple[Callable[[CaptchaSettings], bool], str], ...]] = (
    (
        lambda s: not timedelta(0) < s.lifetime <= _LONGEST_LIFETIME,
        "captcha lifetime must be longer than zero and at most an hour",
    ),
    (lambda s: not 1 <= s.attempts <= _MOST_ATTEMPTS, "captcha attempts must be 1 to 10"),
    (lambda s: not 1 <= s.renderings <= _MOST_RENDERINGS, "captcha renderings must be 1 to 100"),
    (_is_no_alphabet, "captcha alphabet must be distinct digits and upper-case ASCII letters"),
    (
        lambda s: not 1 <= s.length <= _LONGEST_CODE or len(s.alphabet) ** s.length < _FEWEST_CODES,
        "captcha length must be at most 12, and make at least ten thousand captchas",
    ),
    (
        lambda s: s.width not in _WIDTHS or s.height not in _HEIGHTS,
        "captcha width must be 100 to 1000, and its height 40 to 400",
    ),
    (lambda s: not isinstance(s.format, PictureFormat), "captcha format must be a member of PictureFormat"),
    (lambda s: isinstance(s.fonts, str), "captcha fonts must be several paths, not one text"),
)


def _of_fonts(fonts: tuple[str, ...]) -> Iterator[str]:
    for font in fonts:
        if not _begins_as_font(font):
            yield f"captcha font {font!r} is no TrueType or OpenType file that can be read"


def _begins_as_font(path: str) -> bool:
    with suppress(OSError, ValueError), Path(path).open("rb") as file:
        return file.read(4) in _FONTS
    return False


def _of_voices(folder: str | None, alphabet: str) -> Iterator[str]:
    if folder is None:
        return
    for letter in alphabet:
        if not _speaks(Path(folder, letter)):
            yield f"captcha voices {folder!r} need a folder {letter!r} of WAV files: mono, 8 bits, 8 kHz"


def _speaks(folder: Path) -> bool:
    with suppress(OSError, ValueError):
        files = [path for path in folder.iterdir() if path.suffix == ".wav"]
        return bool(files) and all(map(_is_voice, files))
    return False


def _is_voice(path: Path) -> bool:
    # A part that says it is longer than its file is a RuntimeError; what cannot be opened is left to the caller.
    with suppress(EOFError, RuntimeError, wave.Error), wave.open(str(path)) as voice:
        return (voice.getnchannels(), voice.getsampwidth(), voice.getframerate()) == _VOICE and voice.getnframes() > 0
    return False
