"""Owns the commands' way to SQS and Lambda; the one rule: nothing but the region is needed of the settings."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.settings import load_settings

Result = TypeVar("Result")


def with_queues(
    work: Callable[[SqsQueues, LambdaFunctions | None], Awaitable[Result]], *, functions: bool = False
) -> Result:
    """Run `work` on the queues, and functions where they are asked for, of the region of AWS_REGION, AWS_DEFAULT_REGION or the settings."""

    async def main() -> Result:
        region = (
            os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or load_settings(os.environ).region
        )
        async with open_aws(region) as aws:
            known = LambdaFunctions(aws, await aws.client("lambda")) if functions else None
            return await work(SqsQueues(aws, await aws.client("sqs")), known)

    return anyio.run(main)
