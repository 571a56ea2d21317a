"""The test kit: a clock that stands still, repeatable randomness, a mailbox, flows without a loop, and the contracts.

Its fixtures and the store contract need pytest (extra `testing`); the rest needs nothing.
"""

from authcore.testing.clock import FakeClock
from authcore.testing.entropy import SeededEntropy
from authcore.testing.mailbox import Mailbox
from authcore.testing.running import run_sync
from authcore.testing.world import build_auth

__all__ = ["FakeClock", "Mailbox", "SeededEntropy", "build_auth", "run_sync"]
