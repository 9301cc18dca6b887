"""Owns CloudWatch's alarms; the one rule: what is no alarm in an answer is left out, and a listing that was cut short says so.

"DescribeAlarms" (CloudWatch API Reference), metric and composite alarms alike. An alarm's configuration is spelt as the user guide
does in "Alarm events and EventBridge".
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, NoCredentials, Transient, Unavailable
from leh_guardian.ports import AlarmListing, AlarmNow

PERMISSION: Final = "cloudwatch:DescribeAlarms"
_KINDS: Final = ("MetricAlarm", "CompositeAlarm")
"""Without them the API leaves composite alarms out."""
_PAGE: Final = 100
_PAGES: Final = 50
"""Pages of one listing, at most: as many alarms in ALARM are no list for anybody."""
_STATES: Final = ("OK", "ALARM", "INSUFFICIENT_DATA")


class CloudWatchAlarms:
    """CloudWatch's alarms, of one account and region."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def ping(self) -> None:
        """Raise when alarms cannot be listed."""
        await self._page({"MaxRecords": 1})

    async def firing(self) -> AlarmListing:
        """Return the alarms that are in ALARM."""
        return await self._list({"StateValue": "ALARM", "MaxRecords": _PAGE})

    async def named(self, names: Sequence[str]) -> AlarmListing:
        """Return the alarms of these names, in whatever state; those that there are not are left out."""
        found: list[AlarmNow] = []
        whole = True
        for start in range(0, len(names), _PAGE):
            part = await self._list({"AlarmNames": list(names[start : start + _PAGE]), "MaxRecords": _PAGE})
            found += part.alarms
            whole &= part.whole
        return AlarmListing(found, whole)

    async def _list(self, asked: Mapping[str, Any]) -> AlarmListing:
        """Read page by page; what fails after the first page cuts the listing short."""
        found: list[AlarmNow] = []
        token: dict[str, str] = {}
        for number in range(_PAGES):
            try:
                page = await self._page({**asked, **token})
            except Transient:
                if not number:
                    raise
                break
            found += _alarms(page)
            following = page.get("NextToken")
            if not following:
                return AlarmListing(found, whole=True)
            token = {"NextToken": following}
        return AlarmListing(found, whole=False)

    async def _page(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        doing = "list CloudWatch alarms"
        call = functools.partial(self._client.describe_alarms, AlarmTypes=list(_KINDS), **asked)
        try:
            answer: Mapping[str, Any] = await self._aws.call(doing, call)
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow {PERMISSION} on *") from error
        if not isinstance(answer.get("MetricAlarms", []), list) or not isinstance(
            answer.get("CompositeAlarms", []), list
        ):
            raise Unavailable(f"cannot {doing}: the answer holds no alarms, so it is not CloudWatch's")
        return answer


def _alarms(page: Mapping[str, Any]) -> Iterator[AlarmNow]:
    for raw in (*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])):
        if isinstance(raw, Mapping) and (alarm := _alarm(raw)) is not None:
            yield alarm


def _alarm(raw: Mapping[str, Any]) -> AlarmNow | None:
    name, arn, state = raw.get("AlarmName"), raw.get("AlarmArn"), raw.get("StateValue")
    # StateUpdatedTimestamp also moves while the state stays, as its reason does.
    since = raw.get("StateTransitionedTimestamp") or raw.get("StateUpdatedTimestamp")
    if not (isinstance(name, str) and isinstance(arn, str) and state in _STATES and isinstance(since, datetime)):
        return None
    return AlarmNow(
        name=name,
        arn=arn,
        state=state,
        since=since.replace(tzinfo=since.tzinfo or UTC).astimezone(UTC),
        reason=str(raw.get("StateReason") or ""),
        reason_data=str(raw.get("StateReasonData") or ""),
        configuration=_configuration(raw),
    )


def _configuration(raw: Mapping[str, Any]) -> dict[str, Any]:
    described = {"description": raw["AlarmDescription"]} if raw.get("AlarmDescription") else {}
    if "AlarmRule" in raw:
        wanted = {
            "alarmRule": raw["AlarmRule"],
            "actionsSuppressor": raw.get("ActionsSuppressor"),
            "actionsSuppressorWaitPeriod": raw.get("ActionsSuppressorWaitPeriod"),
            "actionsSuppressorExtensionPeriod": raw.get("ActionsSuppressorExtensionPeriod"),
        }
        return described | {name: value for name, value in wanted.items() if value is not None}
    if raw.get("Metrics"):
        return described | {"metrics": [_query(query) for query in raw["Metrics"]]}
    stat = raw.get("Statistic") or raw.get("ExtendedStatistic")
    metric = _metric({**raw, "Dimensions": raw.get("Dimensions")})
    # EventBridge makes the id up as well.
    return described | {
        "metrics": [_one("m1", metric, raw.get("Period"), stat, raw.get("Unit")) | {"returnData": True}]
    }


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line of metric math."""
    found: dict[str, Any] = {"id": query.get("Id")}
    if isinstance(stat := query.get("MetricStat"), Mapping):
        metric = _metric(stat.get("Metric") or {})
        found = _one(str(query.get("Id")), metric, stat.get("Period"), stat.get("Stat"), stat.get("Unit"))
    more = {
        "expression": query.get("Expression"),
        "label": query.get("Label"),
        "accountId": query.get("AccountId"),
        "period": query.get("Period"),
    }
    found |= {name: value for name, value in more.items() if value is not None}
    return found | {"returnData": query.get("ReturnData", True)}


def _one(id_: str, metric: Mapping[str, Any], period: Any, stat: Any, unit: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "metricStat": {"metric": metric, "period": period, "stat": stat} | ({"unit": unit} if unit else {}),
    }


def _metric(raw: Mapping[str, Any]) -> dict[str, Any]:
    dimensions = {
        str(one.get("Name")): one.get("Value") for one in raw.get("Dimensions") or () if isinstance(one, Mapping)
    }
    return {"namespace": raw.get("Namespace"), "name": raw.get("MetricName"), "dimensions": dimensions}
