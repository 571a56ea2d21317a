"""The test kit: time that stands still, randomness that repeats, a mailbox, plain captchas, a recorder, the contracts.

Its fixtures and the store contract need pytest (extra `testing`); the rest needs nothing.
"""

from authcore.testing.clock import FakeClock
from authcore.testing.effects import Effects, assert_indistinguishable
from authcore.testing.entropy import SeededEntropy
from authcore.testing.interleaving import Crashed, Explored, Outcomes, Scenario, interleavings
from authcore.testing.mailbox import Mailbox
from authcore.testing.plain import PlainRenderer
from authcore.testing.recording import Recorder
from authcore.testing.running import run_sync
from authcore.testing.world import build_auth

__all__ = [
    "Crashed",
    "Effects",
    "Explored",
    "FakeClock",
    "Mailbox",
    "Outcomes",
    "PlainRenderer",
    "Recorder",
    "Scenario",
    "SeededEntropy",
    "assert_indistinguishable",
    "build_auth",
    "interleavings",
    "run_sync",
]
