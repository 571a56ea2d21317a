"""An `Auth` for tests: real in every part but time, randomness, delivery and the cost of hashing."""

import hashlib

from authcore.auth import Auth
from authcore.hashing import Argon2Hasher
from authcore.keyring import Keyring, RootKey
from authcore.memory import MemoryStore
from authcore.policy import Policy
from authcore.ports import CaptchaRenderer, Clock, Courier, Entropy, PasswordHasher, Store
from authcore.testing.clock import FakeClock
from authcore.testing.entropy import SeededEntropy
from authcore.testing.mailbox import Mailbox
from authcore.testing.plain import PlainRenderer

__all__ = ["build_auth"]


def build_auth(
    *,
    store: Store | None = None,
    policy: Policy | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    courier: Courier | None = None,
    hasher: PasswordHasher | None = None,
    keyring: Keyring | None = None,
    renderer: CaptchaRenderer | None = None,
) -> Auth:
    """Return an Auth with the cheapest parts of the kit wherever none is given."""
    return Auth(
        store=store or MemoryStore(),
        policy=policy or Policy(),
        clock=clock or FakeClock(),
        entropy=entropy or SeededEntropy(),
        courier=courier or Mailbox(),
        hasher=hasher or Argon2Hasher.cheapest(),
        keyring=keyring or Keyring([RootKey("test", hashlib.sha256(b"for tests only").digest())]),
        renderer=renderer or PlainRenderer(),
    )
