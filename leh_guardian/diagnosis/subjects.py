"""Owns what a record is about: case, evidence, and what the worker was doing; the one rule: ids by their form, never a file's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from leh_guardian.diagnosis.evidence_text import without_names
from leh_guardian.diagnosis.parties import by_address
from leh_guardian.diagnosis.record import Record

_LONGEST: Final = 8000
_MOST: Final = 60
_CASE: Final = re.compile(
    # The name of a field, `case_id`, is no case.
    r"cases/([^/\s\"'%]{1,128})/|(?<![A-Za-z0-9])(case_(?!id(?![0-9A-Za-z-]))[0-9A-Za-z-]{1,64})"
    r"|\"?case_?[iI]d\"?[=:] ?\"?([0-9A-Za-z_-]{1,64})"
)
_EVIDENCE: Final = re.compile(r"(?<![A-Za-z0-9])(ev_[0-9a-zA-Z]{1,64})")
_OPENAI: Final = re.compile(
    r"(?i)openai|chat[./]completions|/v1/(?:chat|responses|embeddings|audio|images|files)|/(?:embeddings|responses|audio/transcriptions)\b|\bgpt-|whisper"
    r"|\bembedding|\bllm\b|completion|transcri|(?:calling|asking|waiting for|querying) (?:the )?(?:model|ai|provider)|prompt"
    r"|analy[sz]ing with"
)
_SEARCH: Final = re.compile(
    r"(?i)opensearch|elasticsearch|case_rag|\bbulk index|\bindexing (?:into|to|in|\d|document|chunk)|search index"
)
_DATABASE: Final = re.compile(r"(?i)postgres|psycopg|asyncpg|\brds\b|\bdatabase\b|\bsql\b")
_AWS: Final = re.compile(r"(?i)dynamodb|\bs3\b|getobject|putobject|putitem|download|upload|\bsqs\b|fetching object")
_FILE: Final = re.compile(
    r"(?i)\bocr\b|\bpages?\b|\bpdf\b|extract|parsing|\bparse|convert|decod|ffmpeg|tesseract|\bframes?\b"
    r"|unzip|chunking|splitting|\d ?[MG]i?B\b|thumbnail|rasteri[sz]|render"
)


class Subject(NamedTuple):
    """Whose work a record is about; nothing where it does not say."""

    case: str = ""
    evidence: str = ""


def subject_of(record: Record) -> Subject:
    """Return the case and the evidence that a record names."""
    text = words(record)
    case = evidence = ""
    if "case" in text and (found := _CASE.search(text)):
        case = found[1] or found[2] or found[3]
    if "ev_" in text and (named := _EVIDENCE.search(text)):
        evidence = named[1]
    return Subject(case, evidence)


def words(record: Record) -> str:
    """Return what a record says as text, bounded."""
    if record.data is None:
        return record.text[:_LONGEST] if record.lines else record.message[:_LONGEST]
    return " ".join(_texts(record.data, 3))[:_LONGEST]


def activity_of(text: str) -> str:
    """Return whom or what the worker was busy with when it wrote `text`; nothing where it does not say."""
    text = without_names(text[:1000])
    if _OPENAI.search(text):
        return "openai"
    if _SEARCH.search(text):
        return "opensearch"
    if _DATABASE.search(text):
        return "postgresql"
    if party := by_address(text):
        return party
    if _FILE.search(text):
        return "file"
    return "aws" if _AWS.search(text) else ""


def _texts(data: Mapping[str, Any], levels: int) -> Iterator[str]:
    for name, value in list(data.items())[:_MOST]:
        if isinstance(value, str):
            yield f"{name}={value[:2000]}"
        elif isinstance(value, Mapping) and levels:
            yield from _texts(value, levels - 1)
