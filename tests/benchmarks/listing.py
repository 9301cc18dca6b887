"""Owns the benchmark of a long listing: check_s3_tmp over many objects; the one rule: the one that is late is found."""

from __future__ import annotations

import os
import resource
import time
from datetime import timedelta

from leh_guardian.adapters.aws import open_aws
from leh_guardian.checks.s3_tmp import Wanted, look
from leh_guardian.clock import SystemClock
from tests.support.checking import checking
from tests.support.s3_outside import BUCKET, REGION, Entry, S3Outside

_RULE = "<Rule><ID>tmp</ID><Status>Enabled</Status><Filter/><Expiration><Days>7</Days></Expiration></Rule>"


async def measure_listing(objects: int) -> None:
    """Print how long it takes, and by how much the process has grown; the server is a thread of it, and makes entries when asked."""
    clock = SystemClock()
    now = clock.now()
    with S3Outside() as s3:
        s3.rules = _RULE
        late, young = now - timedelta(days=20), now - timedelta(days=1)
        s3.objects = (objects, lambda index: Entry(f"tmp/{index:08}", late if index == objects // 2 else young))
        os.environ.update(s3.environment())
        async with open_aws(REGION) as aws:
            buckets = checking(aws).buckets
            before, began = _most(), time.monotonic()
            result = await look(buckets, Wanted(BUCKET, time=timedelta(hours=1)), clock)
            took = time.monotonic() - began
    assert (result.measured["objects_count"], result.measured["objects_overdue"]) == (objects, 1)
    print(
        f"\ncheck_s3_tmp over {objects} objects: {took:.1f} s, the server's share in it; grown by {_most() - before:.0f} MB"
    )


def _most() -> float:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
