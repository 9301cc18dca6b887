"""Owns made-up use of tokens by seeded families of cases; the one rule: a family is a story, and the same seed tells the same one.

Use comes in bins of five minutes. Nobody's data are in it: what it shows is how limits compare with each other, not how they do in
the field.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

BIN: Final = 5
"""Minutes."""
DAY: Final = 24 * 60 // BIN
DAYS: Final = 42
_FILE: Final = 6_000
"""Tokens of a usual piece of evidence, in the median."""


@dataclass(frozen=True)
class Story:
    """What one case uses."""

    family: str
    attack_from: int | None
    """The bin in which an attack begins; None for honest use."""
    bulk: frozenset[int]
    """Days on which honest people upload much at once."""
    used: Mapping[int, int]
    """{bin: tokens}."""

    @property
    def attack_tokens(self) -> int:
        """What the attack uses as a whole."""
        return sum(
            tokens for at, tokens in self.used.items() if self.attack_from is not None and at >= self.attack_from
        )


def _files(chance: random.Random, count: int) -> int:
    return sum(round(chance.lognormvariate(0, 0.8) * _FILE) for _ in range(count))


def _spread(chance: random.Random, used: dict[int, int], begin: int, bins: int, files: int) -> None:
    """Upload `files` over `bins`, unevenly."""
    for _ in range(files):
        at = begin + min(bins - 1, int(abs(chance.gauss(0, bins / 2))))
        used[at] = used.get(at, 0) + _files(chance, 1)


def _office(chance: random.Random, day: int) -> int:
    """A bin of a working day."""
    return day * DAY + chance.randrange(9 * 12, 19 * 12)


def _honest(chance: random.Random, *, bulk: bool, days: int = DAYS) -> tuple[dict[int, int], frozenset[int]]:
    used: dict[int, int] = {}
    bulks: set[int] = set()
    if bulk:
        bulks.add(0)
        _spread(chance, used, _office(chance, 0), chance.randrange(12, 48), round(chance.lognormvariate(5.5, 0.7)))
    for day in range(1, days):
        if day % 7 < 5 and chance.random() < 0.6:
            _spread(chance, used, _office(chance, day), 6, chance.randrange(1, 12))
        if chance.random() < 0.005:
            bulks.add(day)
            _spread(chance, used, _office(chance, day), 24, round(chance.lognormvariate(5.2, 0.6)))
    return used, frozenset(bulks)


def _mass(chance: random.Random, used: dict[int, int], begin: int) -> None:
    _spread(chance, used, begin, 18, chance.randrange(3_000, 8_000))


def _drip(chance: random.Random, used: dict[int, int], begin: int) -> None:
    _spread(chance, used, begin, 3 * DAY, chance.randrange(2_500, 5_000))


def _loop(chance: random.Random, used: dict[int, int], begin: int) -> None:
    one = _files(chance, 20)
    for step in range(chance.randrange(60, 200)):
        used[begin + step] = used.get(begin + step, 0) + one


def _bomb(chance: random.Random, used: dict[int, int], begin: int) -> None:
    for step in range(chance.randrange(4, 9)):
        at = begin + step * chance.randrange(1, 4)
        used[at] = used.get(at, 0) + chance.randrange(1_500_000, 4_000_000)


ATTACKS: Final[Mapping[str, tuple[Callable[[random.Random, dict[int, int], int], None], int]]] = {
    "mass upload": (_mass, 21),
    "mass, new case": (_mass, 0),
    "slow drip, 3 days": (_drip, 21),
    "retry loop": (_loop, 21),
    "token bomb": (_bomb, 21),
}
"""{family: (what it does, after how many days of honest use)}."""


def stories(seed: int, honest: int, attacks: int) -> Iterator[Story]:
    """Tell `honest` honest cases, six of ten of which begin with a bulk upload, and `attacks` of each family of attacks."""
    for number in range(honest):
        chance = random.Random(f"{seed} honest {number}")
        used, bulks = _honest(chance, bulk=chance.random() < 0.6)
        yield Story("honest", None, bulks, used)
    for family, (strike, after) in ATTACKS.items():
        for number in range(attacks):
            chance = random.Random(f"{seed} {family} {number}")
            used, bulks = _honest(chance, bulk=chance.random() < 0.6, days=after + 1) if after else ({}, frozenset())
            begin = after * DAY + chance.randrange(DAY // 2)
            used = {at: tokens for at, tokens in used.items() if at < begin}
            strike(chance, used, begin)
            yield Story(family, begin, bulks, used)
