"""Owns the optional checksums of a rules folder; the one rule: where they are given, nothing that differs from them is taken.

`SHA256SUMS` is what `sha256sum *.yaml > SHA256SUMS` writes (GNU coreutils manual, "sha2 utilities"). With it a flipped bit, a
cut or a file that is missing is seen at the start too, where there is no version in use to compare with.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from leh_guardian.rules.diagnostics import Diagnostic, Position, Source
from leh_guardian.rules.folder import File, Folder

_LINE: Final = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")
_RENEW: Final = "restore the file, or write the sums anew: sha256sum *.yaml > SHA256SUMS"


def check_sums(folder: Folder) -> tuple[Diagnostic, ...]:
    """Return everything that is not as the folder's SHA256SUMS says; nothing where there is none."""
    if folder.sums is None:
        return ()
    if refusal := folder.sums.refusal():
        return (refusal,)
    listed = (*folder.rules, *filter(None, (folder.signatures, folder.oncall, folder.budget, folder.upload_signals)))
    return tuple(_differences(folder.sums, folder.path, listed))


def _differences(sums: File, directory: Path, files: Sequence[File]) -> Iterator[Diagnostic]:
    lines = sums.content.decode("utf-8", "replace").splitlines()
    source = Source(str(sums.path), tuple(lines))
    contents = {file.path.name: file.content for file in files if not file.trouble}
    listed: set[str] = set()
    for number, line in enumerate(lines, 1):
        place = Position(number, 1)
        if not line.strip():
            continue
        if (found := _LINE.fullmatch(line)) is None:
            yield source.diagnostic(place, "checksum", "this is no line of sha256sum", _RENEW)
            continue
        digest, name = found[1].lower(), found[2].removeprefix("./")
        listed.add(name)
        if name not in contents:
            yield source.diagnostic(place, "checksum", f"there is no rule file `{name}` in {directory}", _RENEW)
        elif hashlib.sha256(contents[name]).hexdigest() != digest:
            message = f"`{name}` is not what its checksum says: it was changed, cut off or damaged"
            yield source.diagnostic(place, "checksum", message, _RENEW)
    for name in sorted(contents.keys() - listed):
        message = f"the rule file `{name}` has no checksum"
        yield source.diagnostic(Position(max(1, len(lines)), 1), "checksum", message, _RENEW)
