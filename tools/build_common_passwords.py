"""Build the list of common passwords that authcore ships.  Run by hand when a source changes; never at run time.

In a scratch environment that has both sources and nothing to do with the project:

    python -m pip install "zxcvbn==4.5.0" "django==5.2.19"
    python tools/build_common_passwords.py

It reads the password lists of zxcvbn (30,000 words, the most common first) and of Django (about 20,000, likewise), and
writes `src/authcore/data/common_passwords.bin`: the words as `passwords.py` compares them (case-folded, NFKC), sorted,
one a line, UTF-8, zlib.  The licences of the sources stand in `src/authcore/data/README.md`.
"""

import gzip
import importlib
import importlib.resources
import unicodedata
import zlib
from collections.abc import Iterable
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src" / "authcore" / "data" / "common_passwords.bin"

WHOLE = 8  # No policy allows a shorter password, so a shorter word can never be one.
PART = 4  # Shorter words of the top are kept from here on: `dragon123456789` is a word and a run.
TOP = 3000  # Of each list: ASVS 6.2.4.


def zxcvbn_words() -> list[str]:
    """The passwords of zxcvbn, most common first."""
    words: list[str] = importlib.import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS["passwords"]
    return words


def django_words() -> list[str]:
    """The passwords of Django, most common first."""
    packed = (importlib.resources.files("django.contrib.auth") / "common-passwords.txt.gz").read_bytes()
    return gzip.decompress(packed).decode().splitlines()


def chosen(words: Iterable[str]) -> set[str]:
    """The words of one list that are worth shipping, folded."""
    folded = [unicodedata.normalize("NFKC", word.casefold()) for word in words]
    return {word for rank, word in enumerate(folded) if len(word) >= (PART if rank < TOP else WHOLE)}


def main() -> None:
    """Write the file and say what is in it."""
    words = sorted(chosen(zxcvbn_words()) | chosen(django_words()))
    TARGET.write_bytes(zlib.compress("\n".join(words).encode(), level=9))
    long = sum(len(word) >= WHOLE for word in words)
    print(f"{len(words)} words, {long} of them of {WHOLE} characters or more, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
