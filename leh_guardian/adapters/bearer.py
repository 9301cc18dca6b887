"""Owns bearer tokens: where they are read, and when again; the one rule: no log line and no error holds one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import anyio
import orjson

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, NoCredentials
from leh_guardian.files import read_file

_LONGEST = 8192
_SHORTEST = 8


class Token(Protocol):
    """A token that may be replaced while the program runs."""

    async def get(self) -> str:
        """Return the token.

        Raises:
            AccessDenied: there is none, with where it was looked for.
            Transient: it cannot be told now.
        """

    async def renew(self) -> str:
        """Return the token as it is at its source now, for the other side does not know the one before."""


class FileToken:
    """The content of a file, read again when the file has changed."""

    def __init__(self, path: Path, setting: str) -> None:
        self._path = path
        self._setting = setting
        self._seen: tuple[int, int, int] | None = None
        self._token = ""

    async def get(self) -> str:
        """Return the token."""
        try:
            return await anyio.to_thread.run_sync(self._read, abandon_on_cancel=True)
        except OSError as error:
            raise AccessDenied(f"{self._setting}: cannot read {self._path}: {error.strerror}") from error

    async def renew(self) -> str:
        """Return the token, read anew."""
        self._seen = None
        return await self.get()

    def _read(self) -> str:
        found = self._path.stat()
        mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        if mark != self._seen:
            content = read_file(self._path, _LONGEST).decode("utf-8", "replace")
            self._token, self._seen = _checked(content, f"{self._setting}: {self._path}"), mark
        return self._token


class SecretToken:
    """A secret of AWS Secrets Manager, kept until the other side refuses it."""

    def __init__(self, aws: Aws, client: Any, name: str) -> None:
        self._aws = aws
        self._client = client
        self._name = name
        self._token: str | None = None

    async def get(self) -> str:
        """Return the token."""
        return self._token if self._token is not None else await self.renew()

    async def renew(self) -> str:
        """Return the token, asked for anew."""
        doing = f"read secret {self._name}"
        try:
            answer = await self._aws.call(doing, lambda: self._client.get_secret_value(SecretId=self._name))
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow secretsmanager:GetSecretValue on it") from error
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise AccessDenied(f"secret {self._name} is no text")
        self._token = _checked(_member(text), f"secret {self._name}")
        return self._token


def _member(text: str) -> str:
    """Return the member `token` of a secret that is a JSON object, as the console makes them; else the text itself."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        token = orjson.loads(text).get("token")
    except ValueError:
        token = None
    return token if isinstance(token, str) else ""


def _checked(content: str, where: str) -> str:
    token = content.strip()
    if not (_SHORTEST <= len(token) <= _LONGEST and token.isascii() and token.isprintable() and " " not in token):
        raise AccessDenied(f"{where} holds no token: one word of at least {_SHORTEST} printable ASCII characters")
    return token
