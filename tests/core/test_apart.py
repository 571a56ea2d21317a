"""Speaking in a process of its own: it is told nothing but the code, and whatever becomes of it is a fault."""

import os
import sys
from dataclasses import replace

import pytest

from authcore.captcha_settings import CaptchaSettings
from authcore.errors import RenderingFault
from authcore.offload import SpeakingApart, apart, on_event_loop
from authcore.testing import PlainRenderer, build_auth
from tests.core.test_captcha import length
from tests.core.test_captcha_settings import voice

RENDERER = SpeakingApart(CaptchaSettings())


@pytest.fixture
def instead(tmp_path, monkeypatch):
    """What has a script run in place of Python."""

    def instead(script):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
        path.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(path))

    return instead


def test_sound_comes_back():
    """The process speaks the code, and the sound is the one that would be made here."""
    spoken = RENDERER.sound("1234")
    assert spoken.media_type == "audio/wav"
    assert length(spoken) > 4


def test_path_that_python_passes_over_stops_nothing(instead, monkeypatch, tmp_path):
    """What an application has put into `sys.path`, and is no text, is left out as Python itself leaves it out."""
    monkeypatch.setattr(sys, "path", [tmp_path, "", "/ours", "/theirs"])
    instead('cat > /dev/null; printf %s "$PYTHONPATH"')
    assert RENDERER.sound("1234").content == f"/ours{os.pathsep}/theirs".encode()


def test_own_voices_are_handed_on(tmp_path):
    """The process speaks with the voices that are set."""
    for letter in "0123456789":
        voice(tmp_path / letter / "one.wav", frames=80)
    assert 2 < length(SpeakingApart(CaptchaSettings(voices=str(tmp_path))).sound("12")) < 9


def test_pictures_are_drawn_here():
    """Only the sound needs a process."""
    assert RENDERER.picture("1234").media_type == "image/png"


def test_process_learns_no_secret(instead, monkeypatch, tmp_path):
    """The code is in no argument, which everybody on the machine may read; and no variable of ours is handed on."""
    monkeypatch.setenv("AUTHCORE_KEYS", "k1:0badc0de")
    instead("echo \"$@\" > arguments; env > variables; cat > heard; printf 'RIFF'")
    assert RENDERER.sound("914273").content == b"RIFF"
    assert (tmp_path / "heard").read_text() == "914273"
    assert "914273" not in (tmp_path / "arguments").read_text()
    told = (tmp_path / "variables").read_text()
    assert "PYTHONPATH=" in told
    assert "0badc0de" not in told


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo first >&2; echo 'KeyError: x' >&2; exit 3", "exit 3, KeyError: x"),
        ("exit 1", "exit 1, without a word"),
        ("kill -9 $$", "exit -9, without a word"),
    ],
)
def test_process_that_fails_is_a_fault(instead, script, told):
    """However the process ends, it is a fault, and the log learns its last words."""
    instead(f"cat > /dev/null; {script}")
    with pytest.raises(RenderingFault, match=rf"could not be spoken: {told}$"):
        RENDERER.sound("1234")


def test_process_that_never_ends_is_ended(instead, monkeypatch):
    """Nobody waits for a process that hangs."""
    monkeypatch.setattr(apart, "_PATIENCE", 0.05)
    instead("exec sleep 60")
    with pytest.raises(RenderingFault, match="TimeoutExpired"):
        RENDERER.sound("1234")


def test_missing_python_is_a_fault(monkeypatch):
    """Where no process can be started, it is a fault as well."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(RenderingFault, match="FileNotFoundError"):
        RENDERER.sound("1234")


async def test_event_loop_has_it_spoken_apart():
    """Under an event loop sounds are made apart, unless the application has a renderer of its own."""
    auth = replace(build_auth(), renderer=None)
    assert on_event_loop(auth).renderer == SpeakingApart(auth.policy.captcha)
    mine = PlainRenderer()
    assert on_event_loop(replace(auth, renderer=mine)).renderer is mine
