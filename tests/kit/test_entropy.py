"""The randomness of the kit.  The real one is tested in core/."""

from hypothesis import given, strategies as st

from authcore.testing import SeededEntropy


@given(st.text(max_size=10), st.lists(st.integers(0, 64), max_size=5))
def test_same_seed_gives_same_bytes(seed, counts):
    """Two sources of one seed agree, draw by draw."""
    one, two = SeededEntropy(seed), SeededEntropy(seed)
    assert [one.token_bytes(count) for count in counts] == [two.token_bytes(count) for count in counts]


@given(st.integers(0, 200))
def test_as_many_bytes_as_asked_for(count):
    """A draw has the length that was asked for."""
    assert len(SeededEntropy().token_bytes(count)) == count


def test_draws_differ():
    """Neither two draws of one source agree, nor two sources of different seeds."""
    source, other = SeededEntropy("a"), SeededEntropy("b")
    drawn = [source.token_bytes(16) for _ in range(100)] + [other.token_bytes(16) for _ in range(100)]
    assert len(set(drawn)) == 200


def test_draw_does_not_depend_on_lengths_before():
    """How much was drawn before does not matter, only how often."""
    one, two = SeededEntropy(), SeededEntropy()
    one.token_bytes(1)
    two.token_bytes(64)
    assert one.token_bytes(8) == two.token_bytes(8)
