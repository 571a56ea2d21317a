"""docs/keys.md against the code: its examples work together, and its table names every algorithm and its strength."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from authcore import Keyring
from authcore.errors import ConfigurationError
from authcore.keyring import KeyState
from authcore.signing import Algorithm, SigningKey
from authcore.testing import build_auth
from authcore.tokens import TokenKind
from tests.core.keys import FITTING, SYMMETRIC, private_pem, public_pem
from tests.flows.people import do, join, log_in
from tests.readme.blocks import ROOT, blocks

PAGE = ROOT / "docs" / "keys.md"
_, STATES, SIGNING, VERIFYING = blocks(PAGE, "python")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE))
LINE = "k1:" + "00112233445566778899aabbccddeeff" * 2


def test_both_processes_understand_each_other(monkeypatch):
    """What the first block's keyring signs, the second block's function reads, given the public key of the first."""
    monkeypatch.setenv("AUTHCORE_KEYS", LINE)
    ours, theirs = {}, {}
    exec(SIGNING, ours)  # noqa: S102  the page's own words
    auth = build_auth(keyring=ours["keyring"])
    join(auth)
    issued = log_in(auth)
    exec(VERIFYING, theirs)  # noqa: S102  as above
    assert theirs["session_of"](issued.token) is None
    exec(VERIFYING.replace(theirs["PUBLIC_PEM"], ours["public_pem"]), theirs)  # noqa: S102  as above
    read = theirs["verifier"].decode(TokenKind.AUTHENTICATION, issued.token, now=auth.clock.now())
    assert read.id == issued.session.id


def test_states_are_shown():
    """A line that names a retired key makes a ring that shows three states."""
    scope = {}
    exec(STATES, scope)  # noqa: S102  as above
    assert set(scope["keyring"].states.values()) == set(KeyState)


def test_every_algorithm_is_in_the_table():
    """The table has one row for each algorithm."""
    assert sorted(ROWS) == sorted(Algorithm)


@pytest.mark.parametrize("algorithm", SYMMETRIC)
def test_shortest_secret_is_told(algorithm):
    """A secret of the length that the table tells is accepted, and a shorter one is not."""
    shortest = int(re.match(r"\d+", ROWS[algorithm])[0])
    assert SigningKey("t1", algorithm, bytes(range(shortest)))
    with pytest.raises(ConfigurationError):
        SigningKey("t1", algorithm, bytes(range(shortest - 1)))


@pytest.mark.parametrize("algorithm", FITTING)
def test_right_key_is_told(algorithm):
    """A key as the table tells is accepted; for RSA, from the least to the most bits."""
    told = ROWS[algorithm]
    bits = re.findall(r"\b\d{4}\b", told)
    for kind in [f"RSA {size}" for size in bits] or [FITTING[algorithm]]:
        assert kind.partition(" ")[0] in told
        assert SigningKey("t1", algorithm, private_pem(kind)).verification_key.pem == public_pem(kind).decode()


def test_nobody_is_logged_out_between_steps():
    """Going down the table of rotations, each step reads the tokens of the step before, and of the one after it."""
    steps = re.findall(r"^\| [^|]+ \| ((?:`t\d` )?)\| ((?:`t\d`,? )*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(steps) == 6
    keys = {f"`{kid}`": SigningKey(kid, Algorithm.EDDSA, private_pem("Ed25519", name=kid)) for kid in ("t1", "t2")}
    auth = build_auth(keyring=Keyring.parse(LINE))
    join(auth)
    stages = [
        replace(auth, keyring=replace(auth.keyring, signing=keys.get(one.strip()), verifying=map(keys.get, more)))
        for one, more in ((one, re.findall(r"`t\d`", others)) for one, others in steps)
    ]
    for before, after in pairwise(stages):
        for signs, reads in ((before, after), (after, before)):
            token = log_in(signs).token
            assert do(reads.authenticate(token)) == do(signs.authenticate(token))
