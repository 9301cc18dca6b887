"""Owns who a failure is about; the one rule: the exception's module, then what it names, then its frames."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_BY_PACKAGE: Final = {
    "openai": "openai",
    "botocore": "aws",
    "boto3": "aws",
    "aiobotocore": "aws",
    "s3transfer": "aws",
    "aioboto3": "aws",
    "opensearchpy": "opensearch",
    "elasticsearch": "opensearch",
    "elastic_transport": "opensearch",
    "psycopg": "postgresql",
    "psycopg2": "postgresql",
    "psycopg_pool": "postgresql",
    "asyncpg": "postgresql",
    "pg8000": "postgresql",
    "redis": "redis",
    "httpx": "http",
    "httpx2": "http",
    "httpcore": "http",
    "httpcore2": "http",
    "requests": "http",
    "urllib3": "http",
    "aiohttp": "http",
    "urllib": "http",
    "http": "http",
    "sqlalchemy": "sql",
    "tenacity": "tenacity",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic",
}
_CARRIERS: Final = frozenset({"", "http", "tenacity", "pydantic", "sql"})
"""They carry what others ask for."""
_DOTTED: Final = {"lambda": "lambda", "runtime": "lambda"}
_HOST: Final = re.compile(
    r"(?:https?://|host=['\"]|Host: |Cannot connect to host |host name \"|server at \"|host \"|connect to \(')([A-Za-z0-9_.-]{1,253})"
)
_PORT: Final = re.compile(r"(?:\bport[ =]|'[,] |:)(5432|6432|9200|9300|6379)(?![0-9])")
_BY_PORT: Final = {
    "5432": "postgresql",
    "6432": "postgresql",
    "9200": "opensearch",
    "9300": "opensearch",
    "6379": "redis",
}


def by_module(module: str) -> str:
    """Return who raises exceptions of this module, or nothing."""
    package = module.partition(".")[0]
    return _BY_PACKAGE.get(package) or _DOTTED.get(package.lower(), "")


def by_frames(libraries: Iterable[str]) -> str:
    """Return who was asked when it happened: the frames, the innermost first, up to the program's own."""
    carrier = ""
    for library in libraries:
        if not library:
            break
        party = _BY_PACKAGE.get(library, "")
        if party not in _CARRIERS:
            return party
        carrier = carrier or party
    return carrier


def by_address(message: str) -> str:
    """Return whose address a message names, or nothing."""
    if host := _HOST.search(message[:2000]):
        name = host[1].lower()
        if "openai" in name:
            return "openai"
        if ".es." in name or "aoss" in name or "opensearch" in name or "elasticsearch" in name:
            return "opensearch"
        if ".rds." in name or "postgres" in name:
            return "postgresql"
        if name.endswith((".amazonaws.com", ".amazonaws.com.cn", ".aws")) or name == "169.254.169.254":
            return "aws"
    port = _PORT.search(message[:2000])
    return _BY_PORT[port[1]] if port else ""
