"""Owns what was uploaded, without ever looking into it; the one rule: names, sizes and digests, nothing else."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Final

from leh_guardian.uploads.measures.catalogue import measure, share, spread
from leh_guardian.uploads.media import ceiling, contradicts
from leh_guardian.uploads.names import kind_of, template
from leh_guardian.uploads.subject import Subject

_TINY: Final = 1024
_AGAIN: Final = 2
"""Times that a content comes when somebody begins anew, or files it in two cases."""
_THROUGH: Final = 5
"""Names of one template that are numbered through and no chance."""


@measure
def overwrite_ratio(s: Subject) -> float | None:
    """Share of uploads onto a key that has been uploaded to in the incident; what was only sent again is none."""
    versions = _versions(s)
    return share(sum(versions.values()) - len(versions), sum(versions.values()))


@measure
def versions_per_key(s: Subject) -> float | None:
    """Most uploads onto one key: one presigned address used over and over."""
    versions = _versions(s)
    return float(max(versions.values())) if versions else None


@measure
def uploads_per_presign(s: Subject) -> float | None:
    """Uploads for each address that was asked for; missing where the log has no presigns of the user."""
    asked = len(s.presigns)
    return len(s.uploads) / asked if asked and s.uploads is not s.presigns and s.uploads[0].action == "upload" else None


@measure
def dup_ratio(s: Subject) -> float | None:
    """Share of uploads whose content the user has uploaded twice in the incident already: a folder may come once more."""
    contents = Counter(record.digest for record in s.made if record.digest)
    return share(sum(max(0, count - _AGAIN) for count in contents.values()), contents.total())


@measure
def retry_ratio(s: Subject) -> float | None:
    """Share of attempts that only sent a file again: the same content and name, soon after, a few times."""
    return share(s.effort.retries, len(s.uploads))


@measure
def bad_type_ratio(s: Subject) -> float | None:
    """Share of uploads that are of no kind evidence has, or whose content type contradicts their extension."""
    return share(sum(contradicts(file.extension, file.record.content_type) for file in s.named), len(s.named))


@measure
def garbage_ratio(s: Subject) -> float | None:
    """Share of file names without a word in them: random letters, hex, UUIDs."""
    return share(s.name_kinds["garbage"], len(s.named))


@measure
def numbered_ratio(s: Subject) -> float | None:
    """Share of file names that are numbered through as a loop does it; those of scanners, cameras and messengers are not."""
    stems = [file.stem for file in s.named if file.stem is not None and kind_of(file.stem) == "numbered"]
    if not stems:
        return share(0, len(s.named))
    commonest, count = Counter(map(template, stems)).most_common(1)[0]
    different = len({stem for stem in stems if template(stem) == commonest})
    return share(count if different >= _THROUGH else 0, len(s.named))


@measure
def same_name_ratio(s: Subject) -> float | None:
    """Share of the commonest file name."""
    names = Counter((file.stem, file.extension) for file in s.named)
    return share(max(names.values(), default=0), len(s.named))


@measure
def same_size_ratio(s: Subject) -> float | None:
    """Share of the commonest size, to the byte, among different contents where these are known."""
    contents = {(file.record.size, file.record.digest) for file in s.sized if file.record.digest}
    sizes = [size for size, _ in contents] or [file.record.size for file in s.sized]
    return share(max(Counter(sizes).values(), default=0), len(sizes))


@measure
def size_cv(s: Subject) -> float | None:
    """Spread of the sizes over their mean: what is made up has hardly any."""
    return spread([float(file.record.size or 0) for file in s.sized]) if len(s.sized) > 1 else None


@measure
def tiny_ratio(s: Subject) -> float | None:
    """Share of files under 1 KiB."""
    return share(sum((file.record.size or 0) < _TINY for file in s.sized), len(s.sized))


@measure
def oversize(s: Subject) -> float | None:
    """Largest file over what its kind hardly ever has, in MiB: text 5, image 40, office, mail 80, PDF 250, sound 600, video 6,000."""
    return max(((file.record.size or 0) / ceiling(file.kind) for file in s.sized), default=None)


@measure
def oversize_ratio(s: Subject) -> float | None:
    """Share of files above that."""
    return share(sum((file.record.size or 0) > ceiling(file.kind) for file in s.sized), len(s.sized))


@measure
def size_vs_usual(s: Subject) -> float | None:
    """Median size over what one in a hundred files of its kind in everybody's history exceeds; missing with fewer than thirty."""
    usual = s.world.usual_sizes
    compared = [(file.record.size or 0) / most for file in s.sized if (most := usual.get(file.kind or ""))]
    return median(compared) if compared else None


def _versions(s: Subject) -> Counter[str]:
    return Counter(name for record in s.made if (name := record.key or record.evidence))
