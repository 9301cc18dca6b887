"""Owns S3; the one rule: names of objects are read, never the objects: evidence is none of guardian's business."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import anyio

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, Refused
from leh_guardian.ports import ObjectVersion, ObjectVersions

_VERSIONS = "Versions"
_OBJECTS = "Contents"


class S3Objects:
    """S3 as handlers use it."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def keys(self, bucket: str, prefix: str, most: int) -> Mapping[str, datetime]:
        """Return {key: when it was stored} of all objects below a prefix, page by page (ListObjectsV2).

        Raises:
            Refused: there are more than `most`.
            NotFound: there is no such bucket.
        """
        found, asked = dict[str, datetime](), {"Bucket": bucket, "Prefix": prefix}
        while True:
            answer = await self._aws.call(f"list s3://{bucket}/{prefix}", lambda: self._client.list_objects_v2(**asked))
            found |= {each["Key"]: each["LastModified"] for each in answer.get("Contents", ())}
            if len(found) > most:
                raise Refused(f"more than {most} objects lie below s3://{bucket}/{prefix}")
            token = answer.get("NextContinuationToken")
            if not answer.get("IsTruncated") or not token:
                return found
            asked["ContinuationToken"] = token

    async def versions(self, bucket: str, prefix: str, since: datetime, most: int, deadline: float) -> ObjectVersions:
        """Return what was stored below a prefix since an instant (ListObjectVersions, else ListObjectsV2).

        Without the right to list versions only what is there now is known.

        Raises:
            NotFound: there is no such bucket.
            AccessDenied: neither may be listed.
        """
        ends = anyio.current_time() + deadline
        try:
            return await self._listed(_VERSIONS, self._client.list_object_versions, bucket, prefix, since, most, ends)
        except AccessDenied:
            return await self._listed(_OBJECTS, self._client.list_objects_v2, bucket, prefix, since, most, ends)

    async def _listed(
        self,
        kind: str,
        ask: Callable[..., Any],
        bucket: str,
        prefix: str,
        since: datetime,
        most: int,
        ends: float,
    ) -> ObjectVersions:
        found, looked_at = list[ObjectVersion](), 0
        after: Mapping[str, Any] = {}
        while True:
            asked = {"Bucket": bucket, "Prefix": prefix, **after}
            answer = await self._aws.call(f"list s3://{bucket}/{prefix}", lambda: ask(**asked))  # noqa: B023 - awaited here
            there = answer.get(kind, ())
            looked_at += len(there)
            found += _since(there, since)
            after = _next(answer)
            if not after or looked_at >= most or anyio.current_time() >= ends:
                return ObjectVersions(found, looked_at, whole=not after, overwritten=kind == _VERSIONS)


def _since(there: Sequence[Mapping[str, Any]], since: datetime) -> Iterator[ObjectVersion]:
    for each in there:
        if each["LastModified"] >= since:
            yield ObjectVersion(each["Key"], each.get("Size", 0), each.get("ETag", "").strip('"'), each["LastModified"])


def _next(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what asks for the next page, nothing where there is none."""
    if not answer.get("IsTruncated"):
        return {}
    if token := answer.get("NextContinuationToken"):
        return {"ContinuationToken": token}
    if key := answer.get("NextKeyMarker"):
        # S3 refuses an empty marker, and leaves it away where a page ends with the last version of its key.
        version = answer.get("NextVersionIdMarker")
        return {"KeyMarker": key, **({"VersionIdMarker": version} if version else {})}
    return {}
