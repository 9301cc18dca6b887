"""Owns S3; the one rule: names of objects are read, never the objects: evidence is none of guardian's business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import Refused


class S3Objects:
    """S3 as handlers use it."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def keys(self, bucket: str, prefix: str, most: int) -> Sequence[str]:
        """Return the keys of all objects below a prefix, page by page (ListObjectsV2).

        Raises:
            Refused: there are more than `most`.
            NotFound: there is no such bucket.
        """
        found, asked = list[str](), {"Bucket": bucket, "Prefix": prefix}
        while True:
            answer = await self._aws.call(f"list s3://{bucket}/{prefix}", lambda: self._client.list_objects_v2(**asked))
            found += [each["Key"] for each in answer.get("Contents", ())]
            if len(found) > most:
                raise Refused(f"more than {most} objects lie below s3://{bucket}/{prefix}")
            token = answer.get("NextContinuationToken")
            if not answer.get("IsTruncated") or not token:
                return found
            asked["ContinuationToken"] = token
