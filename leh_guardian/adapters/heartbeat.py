"""Owns the places that take heartbeats; the one rule: addresses come from the settings, and no error text holds one.

The address of a healthchecks-type service is a secret: whoever knows it can say that guardian lives.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import anyio

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, NoCredentials, Refused, Unavailable

_DEADLINE = 8.0
METRIC = "Heartbeat"
DIMENSION = "Installation"


class HttpPulse:
    """Posts to an address, the way healthchecks.io and its kin take it: any 2xx is a heartbeat taken."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def beat(self) -> None:
        """Post nothing to the address.

        Raises:
            Unavailable: no answer, or one that says "later".
            Refused: it does not want it, or sends us elsewhere, which is not followed.
        """
        try:
            with anyio.fail_after(_DEADLINE):
                async with self._session.post(self._url, data=b"", allow_redirects=False) as answer:
                    status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # The type alone: the texts of some hold the address.
            raise Unavailable(f"heartbeat.url does not answer: {type(error).__name__}") from None
        if status >= 500 or status == 429:
            raise Unavailable(f"heartbeat.url answered {status}")
        if status >= 300:
            raise Refused(f"heartbeat.url answered {status}")


class CloudWatchPulse:
    """Puts the metric `Heartbeat` = 1 with the dimension `Installation`."""

    def __init__(self, aws: Aws, client: Any, namespace: str, installation: str) -> None:
        self._aws = aws
        self._client = client
        self._namespace = namespace
        self._installation = installation

    async def beat(self) -> None:
        """Put one value.

        Raises:
            HandlerError: one of its leaves.
        """
        datum = {
            "MetricName": METRIC,
            "Dimensions": [{"Name": DIMENSION, "Value": self._installation}],
            "Value": 1.0,
            "Unit": "Count",
        }
        doing = f"put the heartbeat into {self._namespace}"
        try:
            await self._aws.call(
                doing,
                lambda: self._client.put_metric_data(Namespace=self._namespace, MetricData=[datum]),
                tries=1,
                deadline=_DEADLINE,
            )
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow cloudwatch:PutMetricData for this namespace") from error
