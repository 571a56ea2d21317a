"""Speaking captchas in a process of their own, where pure Python holds up nobody.

A plain subprocess for each, which ends with its sound: it needs no start, no stop and no look at its health, and runs
wherever a server has put its own workers.
"""

import os
import subprocess
import sys
from typing import Final

from authcore.captcha import SOUND, PackageRenderer
from authcore.environment import inherited
from authcore.errors import RenderingFault
from authcore.rendering import Rendering

__all__ = ["SpeakingApart"]

_PATIENCE: Final = 30.0  # seconds, of which a sound takes a fraction of one
_NEEDED: Final = ("LD_LIBRARY_PATH", "SYSTEMROOT")  # by Python itself, where it is built or the system is so


class SpeakingApart(PackageRenderer):
    """Draws as its parent does, and has a process speak; as many at once as the pool before it has threads."""

    def sound(self, code: str, /) -> Rendering:
        """Return a WAV file that speaks the code."""
        # Through a pipe: the arguments of a process are everybody's to read.
        try:
            spoken = subprocess.run(  # noqa: S603  this Python, a module of ours, and a folder from the settings
                [sys.executable, "-P", "-m", "authcore.captcha", *filter(None, [self.settings.voices])],
                input=code.encode(),
                capture_output=True,
                env=_environment(),
                timeout=_PATIENCE,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise RenderingFault(f"a captcha could not be spoken: {_told(error)}") from error
        return Rendering(SOUND, spoken.stdout)


def _environment() -> dict[str, str]:
    """Return what the process needs to find its modules, and no more: our own environment may hold the keys."""
    # Python itself passes over what is no text, such as a Path that an application has put there.
    places = (place for place in sys.path if place and isinstance(place, str))
    return {**inherited(*_NEEDED), "PYTHONPATH": os.pathsep.join(places)}


def _told(error: Exception) -> str:
    if not isinstance(error, subprocess.CalledProcessError):
        return type(error).__name__
    lines = error.stderr.decode(errors="replace").splitlines()
    return f"exit {error.returncode}, {lines[-1] if lines else 'without a word'}"
