"""Laws of the captcha settings: everybody can read the default, and no wrong file waits for a visitor."""

import wave
from datetime import timedelta
from pathlib import Path

import pytest

from authcore.captcha_settings import CaptchaSettings, PictureFormat
from authcore.errors import ConfigurationError
from authcore.policy import Policy

MICROSECOND = timedelta(microseconds=1)


def voice(path, *, channels=1, width=1, rate=8000, frames=8):
    """Write a WAV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(frames * channels * width))


@pytest.fixture
def voices(tmp_path):
    """A folder with a voice for two letters."""
    for letter in "AB":
        voice(tmp_path / letter / "one.wav")
    return tmp_path


def test_defaults_are_readable_by_everybody():
    """A captcha is six digits by default, as a PNG, from the package's own font and voice."""
    settings = CaptchaSettings()
    assert (settings.alphabet, settings.length, settings.format) == ("0123456789", 6, PictureFormat.PNG)
    assert (settings.fonts, settings.voices, settings.endpoints) == ((), None, frozenset())


@pytest.mark.parametrize(
    "changes",
    [
        {"lifetime": MICROSECOND},
        {"lifetime": timedelta(hours=1)},
        {"attempts": 1},
        {"attempts": 10},
        {"renderings": 1},
        {"renderings": 100},
        {"length": 4},
        {"length": 12},
        {"alphabet": "ABC", "length": 9},
        {"alphabet": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "length": 3},
        {"width": 100, "height": 40},
        {"width": 1000, "height": 400},
        {"format": PictureFormat.WEBP},
    ],
)
def test_bounds_are_inside(changes):
    """The smallest and the largest of each value can be set."""
    assert CaptchaSettings(**changes)


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"lifetime": timedelta(0)}, "captcha lifetime must be longer than zero and at most an hour"),
        ({"lifetime": timedelta(hours=1) + MICROSECOND}, "captcha lifetime"),
        ({"attempts": 0}, "captcha attempts must be 1 to 10"),
        ({"attempts": 11}, "captcha attempts"),
        ({"renderings": 0}, "captcha renderings must be 1 to 100"),
        ({"renderings": 101}, "captcha renderings"),
        ({"alphabet": "abc", "length": 12}, "captcha alphabet must be distinct digits and upper-case ASCII letters"),
        ({"alphabet": "0012", "length": 12}, "captcha alphabet"),
        ({"alphabet": "\u0660123456789"}, "captcha alphabet"),
        ({"alphabet": "0123 "}, "captcha alphabet"),
        ({"alphabet": ""}, "captcha length must be at most 12, and make at least ten thousand captchas"),
        ({"length": 3}, "captcha length"),
        ({"length": 13}, "captcha length"),
        ({"length": 0}, "captcha length"),
        ({"alphabet": "AB", "length": 12}, "captcha length"),
        ({"width": 99}, "captcha width must be 100 to 1000, and its height 40 to 400"),
        ({"width": 1001}, "captcha width"),
        ({"height": 39}, "captcha width"),
        ({"height": 401}, "captcha width"),
        ({"format": "png"}, "captcha format must be a member of PictureFormat"),
        ({"fonts": "font.ttf"}, "captcha fonts must be several paths, not one text"),
    ],
)
def test_what_is_out_of_range_is_refused(changes, about):
    """A value out of range is refused, and the message says what to do."""
    with pytest.raises(ConfigurationError, match=rf"^{about}"):
        CaptchaSettings(**changes)


def test_all_is_told_at_once():
    """Two mistakes are told together."""
    with pytest.raises(ConfigurationError, match=r"^captcha attempts.*; captcha renderings"):
        CaptchaSettings(attempts=0, renderings=0)


@pytest.mark.parametrize("begins", [b"\0\1\0\0", b"OTTO", b"true", b"ttcf"])
def test_fonts_are_looked_at(tmp_path, begins):
    """A file that begins as a font is taken, and looked at when the settings are built."""
    (tmp_path / "font").write_bytes(begins + b"rest")
    assert CaptchaSettings(fonts=(str(tmp_path / "font"),)).fonts


@pytest.mark.parametrize("content", [None, b"", b"OTT", b"<html>"])
def test_no_font_is_refused(tmp_path, content):
    """A font that is not there, or is none, stops the start, and is named."""
    if content is not None:
        (tmp_path / "font").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"captcha font .*font' is no TrueType or OpenType file"):
        CaptchaSettings(fonts=(str(tmp_path / "font"),))


@pytest.mark.parametrize("path", ["", ".", "a\0b"])
def test_impossible_path_is_refused(path):
    """A folder, or what cannot be a path at all, is no font and no voice."""
    with pytest.raises(ConfigurationError, match="captcha font"):
        CaptchaSettings(fonts=(path,))
    with pytest.raises(ConfigurationError, match="captcha voices"):
        CaptchaSettings(voices=path)


def test_voices_speak_every_letter(voices):
    """A folder that holds a voice for each letter is taken; other files beside them do not matter."""
    voice(voices / "A" / "two.wav")
    (voices / "A" / "notes.txt").write_text("recorded in June")
    voice(voices / "C" / "one.wav", frames=1)
    assert CaptchaSettings(alphabet="ABC", length=9, voices=str(voices)).voices == str(voices)


def test_silent_letter_is_refused(voices):
    """A letter without a voice stops the start, and is named."""
    with pytest.raises(
        ConfigurationError, match=r"captcha voices .* need a folder 'C' of WAV files: mono, 8 bits, 8 kHz$"
    ):
        CaptchaSettings(alphabet="ABC", length=9, voices=str(voices))


@pytest.mark.parametrize(
    "recorded",
    [{"channels": 2}, {"width": 2}, {"rate": 44_100}, {"frames": 0}],
    ids=lambda recorded: next(iter(recorded)),
)
def test_voice_of_another_form_is_refused(voices, recorded):
    """A voice that the mixer would take for noise stops the start."""
    voice(voices / "C" / "one.wav", **recorded)
    with pytest.raises(ConfigurationError, match="'C'"):
        CaptchaSettings(alphabet="ABC", length=9, voices=str(voices))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all", b"RIFF\x64\0\0\0WAVELIST\x63\0\0\0note"])
def test_broken_voice_is_refused(voices, content):
    """A file that only calls itself a WAV file stops the start."""
    path = Path(voices, "C", "one.wav")
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="'C'"):
        CaptchaSettings(alphabet="ABC", length=9, voices=str(voices))


def test_files_are_not_looked_for_by_letters_that_are_none(tmp_path):
    """An alphabet that is none is told alone: nothing outside of the folder is ever looked at."""
    with pytest.raises(ConfigurationError, match=r"^captcha alphabet[^;]*$"):
        CaptchaSettings(alphabet="../", length=12, voices=str(tmp_path))


def test_environment_reads_them(tmp_path):
    """Every setting can come from an environment variable."""
    font = tmp_path / "a.ttf"
    font.write_bytes(b"OTTO")
    policy = Policy.from_env(
        environ={
            "AUTHCORE_CAPTCHA_LIFETIME": "2m",
            "AUTHCORE_CAPTCHA_FORMAT": "webp",
            "AUTHCORE_CAPTCHA_FONTS": f"{font}, {font}",
            "AUTHCORE_CAPTCHA_PER_NETWORK_LIMIT": "7",
            "AUTHCORE_CAPTCHA_PER_NETWORK_WINDOW": "1h",
            "AUTHCORE_CAPTCHA_ENDPOINTS": "register",
            "AUTHCORE_CAPTCHA_COOKIE_NAME": "__Host-person",
        }
    )
    assert policy.captcha.lifetime == timedelta(minutes=2)
    assert (policy.captcha.format, policy.captcha.fonts) == (PictureFormat.WEBP, (str(font), str(font)))
    assert (policy.captcha.per_network.limit, policy.captcha.per_network.window) == (7, timedelta(hours=1))
    assert (policy.captcha.endpoints, policy.captcha_cookie.name) == (frozenset({"register"}), "__Host-person")
