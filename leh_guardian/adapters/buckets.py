"""Owns S3's buckets as the checks look at them; the one rule: what an answer does not hold is an error, never an empty listing.

"GetBucketLifecycleConfiguration", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads" (S3 API Reference).
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.regional import Clients
from leh_guardian.errors import AccessDenied, NoCredentials, Unavailable
from leh_guardian.ports.checks import LifecycleRule, Page, Stored

_NO_LIFECYCLE: Final = "NoSuchLifecycleConfiguration"


class S3Buckets:
    """S3, opened when it is first asked."""

    def __init__(self, aws: Aws, clients: Clients) -> None:
        self._aws = aws
        self._clients = clients

    async def lifecycle(self, bucket: str) -> Sequence[LifecycleRule]:
        """Return a bucket's rules, none where it has no lifecycle.

        Raises:
            AccessDenied: s3:GetLifecycleConfiguration is missing.
        """
        answer = await self._ask(
            "get_bucket_lifecycle_configuration", "s3:GetLifecycleConfiguration", bucket, absent=_NO_LIFECYCLE
        )
        return [_rule(rule) for rule in answer.get("Rules") or ()]

    async def versioned(self, bucket: str) -> bool:
        """Tell whether a bucket keeps versions, or did until it was suspended.

        Raises:
            AccessDenied: s3:GetBucketVersioning is missing.
        """
        answer = await self._ask("get_bucket_versioning", "s3:GetBucketVersioning", bucket)
        return answer.get("Status") in {"Enabled", "Suspended"}

    async def objects(self, bucket: str, prefix: str, after: tuple[str, ...] | None) -> Page:
        """Return current objects, a thousand at most.

        Raises:
            AccessDenied: s3:ListBucket is missing.
        """
        asked = {"Prefix": prefix} | ({"ContinuationToken": after[0]} if after else {})
        answer = await self._ask("list_objects_v2", "s3:ListBucket", bucket, **asked)
        found = [_stored(one, "LastModified") for one in answer.get("Contents") or ()]
        return Page(found, _following(answer, "NextContinuationToken"))

    async def versions(self, bucket: str, prefix: str, after: tuple[str, ...] | None) -> Page:
        """Return versions and delete markers, a thousand at most, as S3 lists them.

        Raises:
            AccessDenied: s3:ListBucketVersions is missing.
        """
        asked = {"Prefix": prefix} | _markers(after, "VersionIdMarker")
        answer = await self._ask("list_object_versions", "s3:ListBucketVersions", bucket, **asked)
        found = [_stored(one, "LastModified") for one in answer.get("Versions") or ()]
        found += [_stored(one, "LastModified", marker=True) for one in answer.get("DeleteMarkers") or ()]
        found.sort(key=lambda one: (one.key.encode("utf-8", "surrogatepass"), not one.current, -one.at.timestamp()))
        return Page(found, _following(answer, "NextKeyMarker", "NextVersionIdMarker"))

    async def uploads(self, bucket: str, prefix: str, after: tuple[str, ...] | None) -> Page:
        """Return multipart uploads that are not finished, a thousand at most.

        Raises:
            AccessDenied: s3:ListBucketMultipartUploads is missing.
        """
        asked = {"Prefix": prefix} | _markers(after, "UploadIdMarker")
        answer = await self._ask("list_multipart_uploads", "s3:ListBucketMultipartUploads", bucket, **asked)
        found = [_stored(one, "Initiated") for one in answer.get("Uploads") or ()]
        return Page(found, _following(answer, "NextKeyMarker", "NextUploadIdMarker"))

    async def _ask(
        self, method: str, permission: str, bucket: str, *, absent: str = "", **asked: Any
    ) -> Mapping[str, Any]:
        client = await self._clients.get("s3")
        call = functools.partial(getattr(client, method), Bucket=bucket, **asked)
        doing = f"{method.replace('_', ' ')} of bucket {bucket}"
        try:
            return await self._aws.call(doing, functools.partial(_or_nothing, call, absent))
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow {permission} on arn:aws:s3:::{bucket}") from error


async def _or_nothing(call: Callable[[], Awaitable[Mapping[str, Any]]], absent: str) -> Mapping[str, Any]:
    """Take an error that means that there is nothing for an empty answer."""
    try:
        return await call()
    except ClientError as error:
        if absent and error.response.get("Error", {}).get("Code") == absent:
            return {}
        raise


def _markers(after: tuple[str, ...] | None, second: str) -> dict[str, str]:
    """Return where a listing goes on; an empty second marker is refused, and means the beginning."""
    if after is None:
        return {}
    return {"KeyMarker": after[0]} | ({second: after[1]} if after[1] else {})


def _following(answer: Mapping[str, Any], *names: str) -> tuple[str, ...] | None:
    if not answer.get("IsTruncated"):
        if "Name" not in answer and "Bucket" not in answer and "MaxKeys" not in answer and "MaxUploads" not in answer:
            raise Unavailable("cannot list a bucket: the answer holds no listing, so it is not S3's")
        return None
    if not answer.get(names[0]):
        raise Unavailable(f"cannot go on listing: S3's answer is cut short and holds no {names[0]}")
    return tuple(str(answer.get(name) or "") for name in names)


def _stored(raw: Mapping[str, Any], at: str, *, marker: bool = False) -> Stored:
    instant = raw.get(at)
    if not isinstance(instant, datetime):
        raise Unavailable("cannot list a bucket: an entry without its time")
    size = raw.get("Size")
    current = bool(raw.get("IsLatest", True))
    return Stored(
        str(raw.get("Key", "")),
        instant.replace(tzinfo=instant.tzinfo or UTC),
        size if isinstance(size, int) else 0,
        current,
        marker,
    )


def _rule(raw: Mapping[str, Any]) -> LifecycleRule:
    """Read a rule: its filter is Filter, Filter.And, or the Prefix of the older form beside it."""
    kept = raw.get("Filter") or {}
    both = kept.get("And") or {}
    narrowed = [
        f"tag {tag.get('Key')}" for tag in (*([kept["Tag"]] if kept.get("Tag") else ()), *(both.get("Tags") or ()))
    ]
    for name, words in (("ObjectSizeGreaterThan", "size above"), ("ObjectSizeLessThan", "size below")):
        narrowed += [f"{words} {place[name]}" for place in (kept, both) if place.get(name) is not None]
    expires, noncurrent = raw.get("Expiration") or {}, raw.get("NoncurrentVersionExpiration") or {}
    date = expires.get("Date")
    return LifecycleRule(
        id=str(raw.get("ID") or ""),
        enabled=raw.get("Status") == "Enabled",
        prefix=str(kept.get("Prefix") or both.get("Prefix") or raw.get("Prefix") or ""),
        narrowed=", ".join(narrowed),
        days=expires.get("Days"),
        date=date.replace(tzinfo=date.tzinfo or UTC) if isinstance(date, datetime) else None,
        delete_markers=bool(expires.get("ExpiredObjectDeleteMarker")),
        noncurrent_days=noncurrent.get("NoncurrentDays"),
        noncurrent_kept=noncurrent.get("NewerNoncurrentVersions") or 0,
        abort_days=(raw.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation"),
    )
