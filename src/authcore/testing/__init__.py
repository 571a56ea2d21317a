"""The test kit: a clock that stands still, repeatable randomness, a mailbox, captchas in plain text, and the contracts.

Its fixtures and the store contract need pytest (extra `testing`); the rest needs nothing.
"""

from authcore.testing.clock import FakeClock
from authcore.testing.entropy import SeededEntropy
from authcore.testing.interleaving import Crashed, Explored, Outcomes, Scenario, interleavings
from authcore.testing.mailbox import Mailbox
from authcore.testing.plain import PlainRenderer
from authcore.testing.running import run_sync
from authcore.testing.world import build_auth

__all__ = [
    "Crashed",
    "Explored",
    "FakeClock",
    "Mailbox",
    "Outcomes",
    "PlainRenderer",
    "Scenario",
    "SeededEntropy",
    "build_auth",
    "interleavings",
    "run_sync",
]
