"""Hashes that other systems made, as the vectors have them: what the tests of foreign hashes share."""

import json
from base64 import b64encode
from hashlib import pbkdf2_hmac
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from authcore import foreign_hashes
from authcore.foreign_hashes import Scheme

FILE = Path(__file__).with_name("foreign_hashes.vectors")
WITH_ITS_OWN_COSTS = "correct horse battery staple"


class Vector(NamedTuple):
    """One line of the file."""

    maker: str
    scheme: str
    password: str
    stored: str

    def __str__(self) -> str:
        return f"{self.scheme} {self.stored.partition('$')[0] or self.stored[:3]} {len(self.password)}"

    @property
    def is_quick(self) -> bool:
        """Whether it was made with low costs."""
        return self.password != WITH_ITS_OWN_COSTS


def scheme(name: str) -> Scheme:
    """The scheme of this name, as an application builds it."""
    return getattr(foreign_hashes, name)()


def vectors() -> list[Vector]:
    """Every vector that can be checked here: bcrypt's need a library."""
    lines = [line.split("\t") for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    every = [Vector(maker, name, json.loads(password), stored) for maker, name, password, stored in lines]
    return [vector for vector in every if find_spec("bcrypt") is not None or "Bcrypt" not in vector.scheme]


def as_django_stored(password: str) -> str:
    """A hash in Django's form, which costs nothing."""
    return f"pbkdf2_sha256$1$salt${b64encode(pbkdf2_hmac('sha256', password.encode(), b'salt', 1)).decode()}"
