"""docs/passwords.md against the code: its blocks run, its tables are right, and its steps keep nobody out."""

import inspect
import re
from dataclasses import fields
from itertools import pairwise

import pytest

from authcore import Argon2Hasher, Keyring, RootKey, foreign_hashes
from authcore.foreign_hashes import DJANGO, WERKZEUG, Upgrading
from authcore.offload import BoundedPool
from authcore.pepper import Peppered
from authcore.testing import build_auth
from tests.core.foreign import as_django_stored
from tests.flows.people import PASSWORD, do
from tests.readme.blocks import ROOT, blocks

PAGE = ROOT / "docs" / "passwords.md"
TEXT = PAGE.read_text("utf-8")
HASHER, IMPORTING, PEPPER, POOL = blocks(PAGE, "python")
SALT = bytes(range(16))
ROW = {"id": "7", "email": "ada@example.org", "date_joined": "2020-01-01T00:00:00+00:00"}


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    """The keys that the page reads."""
    monkeypatch.setenv("AUTHCORE_KEYS", "k1:" + "00112233445566778899aabbccddeeff" * 2)
    monkeypatch.setenv("AUTHCORE_PEPPERS", "p1:" + "ffeeddccbbaa99887766554433221100" * 2)


def test_profiles_are_told():
    """The hashers of the first block are what the page says, and its table has the numbers of every profile."""
    scope = {}
    exec(HASHER, scope)  # noqa: S102  the page's own words
    assert scope["hasher"] == Argon2Hasher()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) MiB \| (\d+) \| (\d+) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 3
    for name, *numbers in rows:
        profile = getattr(Argon2Hasher, name)()
        assert [profile.memory_cost // 1024, profile.time_cost, profile.parallelism] == [int(each) for each in numbers]


def test_import_takes_foreign_hashes():
    """The page's application imports an account of Django's, and tells why it does not take another."""
    scope = {}
    exec(IMPORTING, scope)  # noqa: S102  as above
    assert do(scope["take"](ROW | {"password": as_django_stored(PASSWORD)})) == []
    assert do(scope["auth"].log_in(identifier=ROW["email"], password=PASSWORD))
    unusable = ROW | {"id": "8", "email": "bob@example.org", "password": "!" + "x" * 40}
    assert do(scope["take"](unusable)) == ["password: unreadable_hash"]


def test_schemes_and_their_caps_are_told():
    """The table has one row for each scheme, with the very caps that it has by default."""
    rows = re.findall(r"^\| `(\w+)` \| `[^|]+ \| (`[^|]+) \|$", TEXT, re.MULTILINE)
    schemes = {name: kind for name, kind in vars(foreign_hashes).items() if hasattr(kind, "recognise")}
    assert {name for name, _ in rows} == {name for name, kind in schemes.items() if inspect.isclass(kind)} - {"Scheme"}
    for name, caps in rows:
        told = {cap: int(number.replace(",", "")) for cap, number in re.findall(r"`(\w+)`: ([\d,]+)", caps)}
        kept = {field.name: field.default for field in fields(schemes[name]) if field.name != "limits"}
        assert told == kept
    assert [type(each).__name__ for each in (*DJANGO, *WERKZEUG)] == [
        *("DjangoPbkdf2", "DjangoScrypt", "DjangoArgon2", "WerkzeugPbkdf2", "WerkzeugScrypt")
    ]


def test_pepper_is_used():
    """The application of the page's third block peppers what it hashes."""
    scope = {}
    exec(PEPPER, scope)  # noqa: S102  as above
    assert scope["auth"].hasher == Peppered(Argon2Hasher(), scope["keyring"])


def test_steps_of_a_pepper_keep_nobody_out():
    """Going down the table, each step opens the hashes of the step before, and of the one after it."""
    rows = re.findall(r"^\| [^|]+ \| (`[p12,]+`)? ?\| `((?:Peppered|Argon2Hasher)\([^|]+)` \|$", TEXT, re.MULTILINE)
    assert len(rows) == 6
    root, peppers = (
        RootKey("k1", bytes(range(32))),
        {kid: RootKey(kid, kid.encode() + SALT * 2) for kid in ("p1", "p2")},
    )
    hashers = []
    for kids, words in rows:
        keyring = Keyring([root], peppers=[peppers[kid] for kid in re.findall(r"p\d", kids)])
        cheap = {"Argon2Hasher": Argon2Hasher.cheapest, "Peppered": Peppered, "keyring": keyring}
        hashers.append(eval(words, cheap))  # noqa: S307  as above
    for before, after in pairwise(hashers):
        for made, read in ((before, after), (after, before)):
            assert read.verify(made.hash(PASSWORD, SALT), PASSWORD)


def test_pool_is_chosen():
    """The page's pool is as large as it says, and takes the place of the usual one."""
    scope = {}
    exec(POOL, scope)  # noqa: S102  as above
    auth = scope["with_pool"](build_auth())
    assert isinstance(auth.offload, BoundedPool)
    assert auth.offload.waiting == 32
    assert Upgrading(auth.hasher, accepts=DJANGO).memory == auth.hasher.memory
    assert BoundedPool().waiting == int(re.search(r"threads (\d+) more hashes wait", TEXT)[1])
