"""Telling how the last run of `mutmut` went: `nox -s mutants` runs both.

It fails while a module has fewer than nine of ten mutants killed, while a survivor is not explained in `mutants.toml`,
and while that file explains one that is none (any more).
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

_EXPLANATIONS: Final = Path(__file__).with_suffix(".toml")
_LEAST: Final = 0.9
_KILLED: Final = frozenset({"killed", "timeout"})  # a loop that never ends is noticed as well
_NOT_BEGUN: Final = 255
_TESTED: Final = _KILLED | {"survived", "no tests"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed function; `change` is its diff, without context."""

    function: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why survivors may live: those of a function, of a change, or of all changes in which a pattern is found."""

    why: str
    function: str = ""
    change: str = ""
    pattern: str = ""

    def holds_for(self, mutant: Mutant) -> bool:
        """Tell whether this explains a mutant."""
        return (
            self.function in {"", mutant.function}
            and self.change in {"", mutant.change}
            and re.search(self.pattern, mutant.change) is not None
        )


def main() -> int:
    """Print the report, and return 1 if something is wrong, else 0."""
    explanations = [Explanation(**one) for one in tomllib.loads(_EXPLANATIONS.read_text("utf-8"))["survivor"]]
    survivors: list[Mutant] = []
    failures: list[str] = []
    for path in sorted(walk_mutatable_files()):
        statuses = _statuses(path)
        if not statuses:
            continue
        alive = [name for name, status in statuses.items() if status not in _KILLED]
        survivors += [_mutant(name, path) for name in alive]
        share = 1 - len(alive) / len(statuses)
        print(f"{path!s:42} {len(statuses) - len(alive):4} of {len(statuses):4} killed  {share:6.1%}")
        if share < _LEAST:
            failures.append(f"{path}: fewer than {_LEAST:.0%} killed")
        failures += [f"{name}: {status}" for name, status in statuses.items() if status not in _TESTED]
    failures += _unexplained(survivors, explanations)
    print(*failures, f"{len(survivors)} survivors, {len(failures)} failures", sep="\n")
    return 1 if failures else 0


def _statuses(path: Path) -> dict[str, str]:
    data = SourceFileMutationData(path=path)
    data.load()
    return {name: _status(code) for name, code in data.exit_code_by_key.items()}


def _status(code: int | None) -> str:
    # Of what a process exits by whose tests could not even be begun mutmut makes a time-out, and so a kill.
    return "not judged" if code == _NOT_BEGUN else status_by_exit_code[code]


def _mutant(name: str, path: Path) -> Mutant:
    function, class_name = orig_function_and_class_names_from_key(name)
    module = name.rpartition(".")[0]
    diff = get_diff_for_mutant(name, path=path).splitlines()[3:]
    change = "\n".join(f"{line[0]} {line[1:].strip()}" for line in diff if line[0] in "+-")
    return Mutant(".".join(filter(None, [module, class_name, function.rpartition(".")[2]])), change)


def _unexplained(survivors: Sequence[Mutant], explanations: Sequence[Explanation]) -> Iterator[str]:
    for mutant in survivors:
        if not any(one.holds_for(mutant) for one in explanations):
            yield f"not explained: {mutant.function}\n{mutant.change}"
    for one in explanations:
        if not any(map(one.holds_for, survivors)):
            yield f"explained, and no survivor: {one.function}\n{one.pattern or one.change}"


if __name__ == "__main__":
    sys.exit(main())
