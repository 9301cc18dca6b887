"""Owns the looking at `oncall.yaml` block by block; the one rule: one mistake hides no other, and every name that is used is there.

Of a block that is wrong the name counts as known all the same: what refers to it has nothing to do with its mistake.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from leh_guardian.model.oncall.delivery import CONSOLE, DEFAULT
from leh_guardian.rules.diagnostics import MOST_MISTAKES, Path, Problem, did_you_mean
from leh_guardian.rules.oncall.file_entry import NamesEntry
from leh_guardian.rules.oncall.refused import refusals
from leh_guardian.rules.oncall.written import NAME, TARGET
from leh_guardian.rules.wording import described, problems, validate

WEEKEND: Final = "weekend"
_BUILT_IN: Final[Mapping[str, tuple[str, ...]]] = {"channels": (CONSOLE, DEFAULT), "calendars": (WEEKEND,)}
_SECTIONS: Final = {"schedule": "schedules", "person": "people", "team": "teams", "channel": "channels"}
_ONE: Final = {
    "people": "person", "teams": "team", "channels": "channel", "calendars": "calendar", "schedules": "schedule",
    "policies": "policy", "contact_rules": "contact rule",
}  # fmt: skip
_LOOKED_THROUGH: Final = 1000
"""Names among which a misspelt one is sought: a hostile file must not cost more."""

Model = TypeVar("Model", bound=BaseModel)


class Reading:
    """A file's data, and what was found wrong with it so far."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.found: list[Problem] = []
        self._known: dict[str, Collection[str]] = {}
        self.misspelt: set[str] = set()
        """Blocks that stand there under another name: what refers to them has nothing to do with it."""

    def say(self, path: Path, code: str, message: str, hint: str = "", *, on_key: bool = False) -> None:
        """Note a mistake."""
        self.note([Problem(path, code, message, hint, on_key)])

    def warn(self, path: Path, code: str, message: str, hint: str = "") -> None:
        """Note something doubtful."""
        self.note([Problem(path, code, message, hint, severity="warning")])

    def note(self, found: Iterable[Problem]) -> None:
        """Note mistakes, up to as many as anybody reads."""
        self.found += islice(found, max(0, MOST_MISTAKES - len(self.found)))

    @property
    def spent(self) -> bool:
        """Whether nothing more is noted."""
        return len(self.found) >= MOST_MISTAKES

    def entry(self, written: Any, model: type[Model], path: Path) -> Model | None:
        """Return what stands at `path` as a `model`, None where it is none."""
        if not isinstance(written, Mapping):
            self.say(path, "bad-value", f"`{path[-1]}` must be a mapping, not {described(written)}")
            return None
        found, errors = validate(model, written)
        # Sentences name what stands below the second part of a path, which is where entries begin in rule files.
        above = path[:-2]
        told = (replace(one, path=(*above, *one.path)) for one in problems(errors, model, written, path[-2:]))
        self.note(refusals(told))
        return found if isinstance(found, model) else None

    def block(self, section: str, model: type[Model]) -> Model:
        """Return a block that there is once; where it is wrong, as if it were left out."""
        return self.entry(self.data.get(section, {}), model, (section,)) or model()

    def entries(self, section: str, model: type[Model]) -> Iterator[tuple[str, Path, Model]]:
        """Yield the entries of a block by their names, those that are wrong left out."""
        for name, written in self._named(section):
            if (entry := self.entry(written, model, (section, name))) is not None:
                yield name, (section, name), entry

    def lists(self, section: str) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
        """Yield the lists of names of a block by theirs."""
        for name, written in self._named(section):
            path = (section, name)
            found, errors = validate(NamesEntry, {"names": written})
            # Told as if `names` stood in the file: there its place is that of the list.
            told = problems(errors, NamesEntry, {"names": written}, path)
            self.note(Problem((*path, *one.path[3:]), one.code, one.message, one.hint) for one in told)
            if isinstance(found, NamesEntry):
                yield name, path, found.names

    def rows(self, path: Path, model: type[Model], *, id_: str) -> Iterator[tuple[Path, Model]]:
        """Yield the entries of a list, those that are wrong left out; their ids must be unique."""
        written: Any = self.data
        for part in path:
            written = written.get(part, ()) if isinstance(written, Mapping) else ()
        seen: set[str] = set()
        for number, row in enumerate(written if isinstance(written, Sequence) and not isinstance(written, str) else ()):
            here = (*path, number)
            name = row.get(id_) if isinstance(row, Mapping) else None
            if isinstance(name, str):
                if name in seen:
                    self.say(
                        (*here, id_), "duplicate-id", f"there is another `{name}` in this list", "choose another name"
                    )
                seen.add(name)
            if (entry := self.entry(row, model, here)) is not None:
                yield here, entry
            if self.spent:
                return

    def names(self, section: str) -> Collection[str]:
        """Return the names of a block, right or wrong, and those that are built in."""
        if section not in self._known:
            written = self.data.get(section)
            named = written if isinstance(written, Mapping) else {}
            self._known[section] = dict.fromkeys((*named, *_BUILT_IN.get(section, ())))
        return self._known[section]

    def known(self, section: str, name: str, path: Path, *, on_key: bool = False) -> bool:
        """Tell whether a name that is used at `path` is there; if not, note it."""
        names = self.names(section)
        if name in names or section in self.misspelt:
            return True
        if not self.spent:
            some = list(islice(names, _LOOKED_THROUGH))
            hint = did_you_mean(name, some) or (
                f"there are: {', '.join(some[:10])}" if some else f"`{section}` has none"
            )
            self.say(path, "unknown-name", f"there is no {_ONE[section]} `{name}`", hint, on_key=on_key)
        return False

    def all_known(self, section: str, names: Iterable[str], path: Path) -> None:
        """Note those of a list of names that are not there."""
        for number, name in enumerate(names):
            self.known(section, name, (*path, number))

    def targets(self, written: Iterable[str], path: Path) -> tuple[str, ...]:
        """Return targets of calls, in one spelling; note those that are not there."""
        read = []
        for number, target in enumerate(written):
            if (found := re.fullmatch(TARGET, target, re.ASCII)) is not None:
                kind = "channel" if found[1] == "webhook" else found[1]
                self.known(_SECTIONS[kind], found[2], (*path, number))
                read.append(f"{kind}:{found[2]}")
        return tuple(read)

    def _named(self, section: str) -> Iterator[tuple[str, Any]]:
        written = self.data.get(section)
        for name, value in written.items() if isinstance(written, Mapping) else ():
            if self.spent:
                return
            if re.fullmatch(NAME, name, re.ASCII) is None:
                hint = "write small letters, digits, hyphens and underscores, 63 at most"
                self.say((section, name), "bad-value", f"`{name}` cannot be a name", hint, on_key=True)
            elif name in _BUILT_IN.get(section, ()) and name != CONSOLE:
                self.say((section, name), "bad-value", f"`{name}` is built in", "choose another name", on_key=True)
            else:
                yield name, value


def seconds(value: Any) -> float:
    """Return a length of time in seconds."""
    return float(value.total_seconds())
