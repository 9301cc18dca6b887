"""Owns the shapes of CloudWatch's events.

Source: Amazon CloudWatch User Guide, "Alarm events and EventBridge" (single metric, metric math, anomaly detection, composite
and multi time series alarms; the configuration changes), with the alarm mute rules' `muteDetail` and the propagated
`alarmTags`; the values of `actionsSuppressedBy` are those of the API Reference's CompositeAlarm. Alarms that arrive by way
of SNS are spelt the same by `model.event`.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.rules.shapes.event_type import EventType
from leh_guardian.rules.shapes.kinds import FLAG, NUMBER, OPEN, TEXT, Rows, Shape, one_of, texts

_STATE: Final[dict[str, Shape]] = {
    "value": one_of("OK", "ALARM", "INSUFFICIENT_DATA"),
    **texts("reason reasonData timestamp evaluationState actionsSuppressedReason"),
    "actionsSuppressedBy": one_of("WaitPeriod", "ExtensionPeriod", "Alarm"),
}
_METRIC: Final[dict[str, Shape]] = {
    **texts("id label expression accountId"),
    "metricStat": {
        "metric": {**texts("namespace name"), "dimensions": OPEN},
        "period": NUMBER,
        **texts("stat unit"),
    },
    "period": NUMBER,
    "returnData": FLAG,
}
_CONFIGURATION: Final[dict[str, Shape]] = {
    "alarmName": TEXT,
    "description": TEXT,
    "timestamp": TEXT,
    "metrics": Rows(_METRIC),
    "alarmRule": TEXT,
    "actionsEnabled": FLAG,
    "actionsSuppressor": TEXT,
    **dict.fromkeys(("actionsSuppressorWaitPeriod", "actionsSuppressorExtensionPeriod"), NUMBER),
    **dict.fromkeys(("okActions", "alarmActions", "insufficientDataActions"), Rows(TEXT)),
    **dict.fromkeys(("evaluationPeriods", "datapointsToAlarm", "threshold", "evaluationInterval"), NUMBER),
    **texts("comparisonOperator treatMissingData evaluateLowSampleCountPercentile thresholdMetricId"),
    "evaluationCriteria": OPEN,
}
_COMMON: Final[dict[str, Shape]] = {
    "alarmName": TEXT,
    "state": _STATE,
    "configuration": _CONFIGURATION,
    "muteDetail": texts("mutedByArn muteWindowStart muteWindowEnd"),
    "alarmTags": OPEN,
    "alarmTagsStatus": TEXT,
}
# The EventBridge Events Reference lists the same three under aws.monitoring as well.
_SOURCES: Final = ("aws.cloudwatch", "aws.monitoring")

EVENTS: Final = (
    EventType(_SOURCES, "CloudWatch Alarm State Change", {**_COMMON, "previousState": _STATE}),
    EventType(
        _SOURCES,
        "CloudWatch Alarm Contributor State Change",
        {**_COMMON, "previousState": _STATE, "alarmContributor": {"id": TEXT, "attributes": OPEN}},
    ),
    EventType(
        _SOURCES,
        "CloudWatch Alarm Configuration Change",
        {
            **_COMMON,
            "operation": one_of("create", "update", "delete"),
            "previousConfiguration": _CONFIGURATION,
        },
    ),
)
