"""Owns a small S3 on loopback, which can go wrong; the one rule: it pages as S3 does, a thousand entries at most, and never by heart.

What is listed is made while it is asked for, so that a million objects cost nothing. tests/integration/handlers/test_check_s3_tmp.py
holds the adapter against moto's S3 as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request

REGION: Final = "ap-northeast-2"
BUCKET: Final = "leh-evidence-prod"
PAGE: Final = 1000
_SPACE: Final = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass(frozen=True, slots=True)
class Entry:
    """An object, a version or a marker, or an upload."""

    key: str
    at: datetime
    size: int = 1
    latest: bool = True
    marker: bool = False


class S3Outside(FaultyServer):
    """One bucket. `rules` is the inside of its lifecycle's XML; the listings are given by a number and a function of an index."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.rules = ""
        self.versioning = ""
        self.objects: tuple[int, Callable[[int], Entry]] = (0, _none)
        self.versions: tuple[int, Callable[[int], Entry]] = (0, _none)
        self.uploads: tuple[int, Callable[[int], Entry]] = (0, _none)
        self.page = PAGE

    def environment(self) -> dict[str, str]:
        """The variables that make the AWS SDK talk to this server."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def put(self, *entries: Entry) -> None:
        """Let the bucket hold these objects."""
        self.objects = _of(entries)

    def put_versions(self, *entries: Entry) -> None:
        """Let it hold these versions and markers, in the order in which S3 lists them."""
        self.versioning, self.versions = "Enabled", _of(entries)

    def begin_uploads(self, *entries: Entry) -> None:
        """Let these uploads be unfinished."""
        self.uploads = _of(entries)

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        asked = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
        for sign, name in _NAMES.items():
            if sign in asked:
                return name
        return f"{request.method} {urlsplit(request.path).path}"

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as S3 does."""
        return _xml(f"<Error><Code>{fault.code}</Code><Message>a fault of the test</Message></Error>", fault.status)

    def answer(self, request: Request) -> Answer:
        """Answer a question."""
        asked = {
            name: value[0] for name, value in parse_qs(urlsplit(request.path).query, keep_blank_values=True).items()
        }
        match self.operation(request):
            case "GetBucketLifecycleConfiguration" if self.rules:
                return _xml(f"<LifecycleConfiguration {_SPACE}>{self.rules}</LifecycleConfiguration>")
            case "GetBucketLifecycleConfiguration":
                return _xml("<Error><Code>NoSuchLifecycleConfiguration</Code><Message>none</Message></Error>", 404)
            case "GetBucketVersioning":
                state = f"<Status>{self.versioning}</Status>" if self.versioning else ""
                return _xml(f"<VersioningConfiguration {_SPACE}>{state}</VersioningConfiguration>")
            case "ListObjectsV2":
                return self._list(
                    "ListBucketResult",
                    self.objects,
                    asked.get("continuation-token", "0"),
                    _object,
                    "NextContinuationToken",
                )
            case "ListObjectVersions":
                following = ("NextKeyMarker", "NextVersionIdMarker")
                return self._list(
                    "ListVersionsResult", self.versions, asked.get("version-id-marker", "0"), _version, *following
                )
            case "ListMultipartUploads":
                following = ("NextKeyMarker", "NextUploadIdMarker")
                return self._list(
                    "ListMultipartUploadsResult", self.uploads, asked.get("upload-id-marker", "0"), _upload, *following
                )
        return _xml("<Error><Code>NotImplemented</Code></Error>", 501)

    def _list(
        self,
        name: str,
        listing: tuple[int, Callable[[int], Entry]],
        token: str,
        write: Callable[[Entry], str],
        *following: str,
    ) -> Answer:
        number, entry = listing
        start, end = int(token), min(int(token) + self.page, number)
        entries = "".join(write(entry(index)) for index in range(start, end))
        cut = end < number
        more = "".join(f"<{one}>{end}</{one}>" for one in following) if cut else ""
        bucket = f"<Name>{BUCKET}</Name><Bucket>{BUCKET}</Bucket><EncodingType>url</EncodingType>"
        bucket += f"<IsTruncated>{str(cut).lower()}</IsTruncated>"
        return _xml(f"<{name} {_SPACE}>{bucket}{more}{entries}</{name}>")


_NAMES: Final = {
    "lifecycle": "GetBucketLifecycleConfiguration",
    "versioning": "GetBucketVersioning",
    "versions": "ListObjectVersions",
    "uploads": "ListMultipartUploads",
    "list-type": "ListObjectsV2",
}


def _none(index: int) -> Entry:
    raise IndexError(index)


def _of(entries: tuple[Entry, ...]) -> tuple[int, Callable[[int], Entry]]:
    return len(entries), entries.__getitem__


def _object(entry: Entry) -> str:
    return f"<Contents>{_common(entry)}<Size>{entry.size}</Size></Contents>"


def _version(entry: Entry) -> str:
    kind, size = ("DeleteMarker", "") if entry.marker else ("Version", f"<Size>{entry.size}</Size>")
    return f"<{kind}>{_common(entry)}<VersionId>v</VersionId><IsLatest>{str(entry.latest).lower()}</IsLatest>{size}</{kind}>"


def _upload(entry: Entry) -> str:
    return (
        f"<Upload><Key>{quote(entry.key)}</Key><UploadId>u</UploadId><Initiated>{_time(entry.at)}</Initiated></Upload>"
    )


def _common(entry: Entry) -> str:
    return f"<Key>{escape(quote(entry.key))}</Key><LastModified>{_time(entry.at)}</LastModified>"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _xml(body: str, status: int = 200) -> Answer:
    return Answer(status, f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode(), content_type="application/xml")
