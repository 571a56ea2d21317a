"""Drawing and speaking with the real package: pictures and sounds that programs can open."""

import io
import wave
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from authcore import captcha
from authcore.captcha import PackageRenderer
from authcore.captcha_settings import CaptchaSettings, PictureFormat
from authcore.errors import RenderingFault
from tests.core.test_captcha_settings import voice

SETTINGS = CaptchaSettings()


def opened(rendering):
    """The picture that somebody's browser would open."""
    return Image.open(io.BytesIO(rendering.content))


def length(rendering):
    """How many seconds a sound takes, once it is known to be one."""
    with wave.open(io.BytesIO(rendering.content)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 1, 8000)
        return sound.getnframes() / sound.getframerate()


@pytest.mark.parametrize("kind", PictureFormat)
def test_picture_is_of_its_settings(kind):
    """A picture has the format and the size that are set, and says so."""
    drawn = PackageRenderer(replace(SETTINGS, format=kind, width=240, height=100)).picture("123456")
    picture = opened(drawn)
    assert (picture.format.lower(), picture.size, drawn.media_type) == (kind, (240, 100), f"image/{kind}")


def test_each_picture_is_another_one():
    """Two pictures of one code differ in every part, and both show something."""
    renderer = PackageRenderer(SETTINGS)
    first, second = renderer.picture("123456"), renderer.picture("123456")
    assert first.content != second.content
    assert len(opened(first).convert("L").getcolors()) > 10


@pytest.mark.parametrize("text", ["0123456789", "ABCDEFGHIJKLM", "NOPQRSTUVWXYZ"])
def test_every_letter_can_be_drawn(text):
    """Every letter that an alphabet may have is drawn."""
    assert opened(PackageRenderer(SETTINGS).picture(text)).size == (SETTINGS.width, SETTINGS.height)


def test_smallest_picture_holds_the_longest_code():
    """The narrowest picture is drawn with the longest code."""
    small = replace(SETTINGS, width=100, height=40, length=12)
    assert opened(PackageRenderer(small).picture("W" * 12)).size == (100, 40)


def test_own_fonts_are_used(tmp_path):
    """Letters come from the fonts that are set: with one that is broken there is no picture."""
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"\0\1\0\0 and no more")
    with pytest.raises(RenderingFault, match="could not be drawn"):
        PackageRenderer(replace(SETTINGS, fonts=(str(broken),))).picture("123456")


def test_sound_speaks_every_letter():
    """A sound takes a second or more for each letter."""
    spoken = PackageRenderer(SETTINGS).sound("09AZ")
    assert spoken.media_type == "audio/wav"
    assert length(spoken) > 4


def test_own_voices_are_used(tmp_path):
    """Letters are spoken by the voices that are set; of a letter without one there is no sound."""
    for letter in "0123456789":
        voice(tmp_path / letter / "one.wav", frames=80)
    renderer = PackageRenderer(replace(SETTINGS, voices=str(tmp_path)))
    assert 2 < length(renderer.sound("12")) < 9
    with pytest.raises(RenderingFault, match="could not be spoken"):
        renderer.sound("A")


def test_missing_package_is_named(monkeypatch):
    """Without the package there is no renderer, and the message says what to install."""
    monkeypatch.setattr(captcha, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "authcore\[captcha\]"'):
        PackageRenderer(CaptchaSettings(lifetime=timedelta(minutes=1)))
