"""A pattern once compiled: alternatives, each a list of fields that must all hold.

Rule kept: compiled patterns are values. Nothing here changes after it is made, and matching keeps its state elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from leh_guardian.patterns.operators import Absent, Exact, Operator
from leh_guardian.patterns.values import MISSING, Value


@dataclass(frozen=True, slots=True)
class Field:
    """One path of the event and the operators of which a leaf there must satisfy one."""

    path: str
    operators: tuple[Operator, ...]
    expected: tuple[str, ...] = field(compare=False)
    """The operators as they were written, as JSON text."""
    may_be_absent: bool = field(init=False)
    """Whether ``exists: false`` is among the operators."""
    exact_keys: frozenset[Value] | None = field(init=False)
    """The values that satisfy the field, if nothing but exact values do."""
    matches: Callable[[Value], bool] = field(init=False, compare=False, repr=False)
    """Tells whether one value satisfies the field, MISSING among them."""
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Merge the exact values into one set, so that most fields cost a single look-up."""
        exact: list[frozenset[Value]] = []
        tests: list[Callable[[Value], bool]] = []
        may_be_absent = False
        for operator in self.operators:
            match operator:
                case Exact():
                    exact.append(operator.keys)
                case Absent():
                    may_be_absent = True
                case _:
                    tests.append(operator.matches)
        keys = exact[0] if len(exact) == 1 else frozenset[Value]().union(*exact)
        object.__setattr__(self, "may_be_absent", may_be_absent)
        object.__setattr__(self, "exact_keys", None if tests or may_be_absent else keys)
        object.__setattr__(self, "matches", _any_of(keys | {MISSING} if may_be_absent else keys, tests))
        object.__setattr__(self, "_hash", hash((self.path, self.operators)))

    def __hash__(self) -> int:
        """Give what was worked out once: an index asks thousands of times."""
        return self._hash


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to satisfy a pattern: what remains of it once every ``$or`` is decided."""

    fields: tuple[Field, ...]

    @classmethod
    def of(cls, fields: Iterable[Field]) -> Alternative:
        """Put the fields in the order of their paths, in which ``exists: false`` is decided.

        event-ruler compares paths as Java does, by UTF-16 unit.
        """
        return cls(tuple(sorted(fields, key=lambda one: one.path.encode("utf-16-be", "surrogatepass"))))


def _any_of(keys: frozenset[Value], tests: Sequence[Callable[[Value], bool]]) -> Callable[[Value], bool]:
    if not tests:
        return keys.__contains__
    if len(tests) == 1 and not keys:
        return tests[0]
    return lambda value: value in keys or any(test(value) for test in tests)
