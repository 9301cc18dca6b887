"""Owns CloudWatch's alarms and RDS's record on a faulty server, beside what tells of the worker; the one rule: it pages as AWS does.

The SDK asks for alarms in JSON and for RDS's events as a form; tests/integration/adapters/test_alarms.py holds both against moto's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.support.faulty_http import Answer, Request
from tests.support.worker_outside import REGION, WorkerOutside

ALARMS, RDS = "DescribeAlarms", "rds:DescribeEvents"
ACCOUNT = "012345670123"


class AwsOutside(WorkerOutside):
    """On loopback, in a thread of its own."""

    def __init__(self, port: int = 0, *, page: int = 100) -> None:
        super().__init__(port)
        self._alarms: dict[str, dict[str, Any]] = {}
        self._record: list[tuple[datetime, dict[str, Any]]] = []
        self._alarm_page = page

    def alarm(self, name: str, state: str, since: datetime, **more: Any) -> str:
        """Put an alarm into a state; returns its ARN. A composite one has an `AlarmRule`."""
        arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
        described = {"AlarmName": name, "AlarmArn": arn, "StateValue": state, "StateReason": "Threshold Crossed"}
        described |= {"StateTransitionedTimestamp": since, "StateUpdatedTimestamp": since}
        metric = {"Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_ELB_5XX_Count", "Period": 60}
        described |= more if "AlarmRule" in more else {**metric, "Statistic": "Sum", "Dimensions": [], **more}
        self.call(lambda: self._alarms.update({name: described}))
        return arn

    def forget_alarm(self, name: str) -> None:
        """Delete an alarm."""
        self.call(lambda: self._alarms.pop(name))

    def happen(self, at: datetime, message: str, *categories: str, kind: str = "db-instance") -> str:
        """Let something happen to the database; returns its ARN."""
        arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:leh-prod"
        event = {"SourceIdentifier": "leh-prod", "SourceType": kind, "SourceArn": arn, "Message": message}
        self.call(lambda: self._record.append((at, {**event, "EventCategories": categories})))
        return arn

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        return RDS if b"Action=DescribeEvents" in request.body else super().operation(request)

    def answer(self, request: Request) -> Answer:
        """Answer a question."""
        match self.operation(request):
            case "DescribeAlarms":
                return self._describe_alarms(json.loads(request.body))
            case "rds:DescribeEvents":
                return self._describe_events(parse_qs(request.body.decode()))
        return super().answer(request)

    def _describe_alarms(self, asked: Mapping[str, Any]) -> Answer:
        self.asked.append(dict(asked))
        chosen = [
            alarm
            for alarm in self._alarms.values()
            if ("CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm") in asked.get("AlarmTypes", ["MetricAlarm"])
            and asked.get("StateValue", alarm["StateValue"]) == alarm["StateValue"]
            and alarm["AlarmName"] in asked.get("AlarmNames", [alarm["AlarmName"]])
        ]
        first = int(asked.get("NextToken", "0"))
        page = chosen[first : first + self._alarm_page]
        more = {"NextToken": str(first + self._alarm_page)} if first + self._alarm_page < len(chosen) else {}
        metric = [alarm for alarm in page if "AlarmRule" not in alarm]
        found = {"MetricAlarms": metric, "CompositeAlarms": [a for a in page if "AlarmRule" in a], **more}
        return Answer(body=json.dumps(found, default=datetime.timestamp).encode())

    def _describe_events(self, asked: Mapping[str, list[str]]) -> Answer:
        since, until = (datetime.fromisoformat(asked[name][0]) for name in ("StartTime", "EndTime"))
        found = [(at, event) for at, event in self._record if since <= at <= until]
        first = int(asked.get("Marker", ["0"])[0])
        # One event a page, as if each page were full.
        more = f"<Marker>{first + 1}</Marker>" if first + 1 < len(found) else ""
        events = "".join(_event(at, event) for at, event in found[first : first + 1])
        space = 'xmlns="http://rds.amazonaws.com/doc/2014-10-31/"'
        result = f"<DescribeEventsResult>{more}<Events>{events}</Events></DescribeEventsResult>"
        body = f"<DescribeEventsResponse {space}>{result}</DescribeEventsResponse>"
        return Answer(200, body.encode(), content_type="text/xml")


def _event(at: datetime, event: Mapping[str, Any]) -> str:
    texts = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in event.items() if isinstance(value, str))
    categories = "".join(f"<EventCategory>{one}</EventCategory>" for one in event["EventCategories"])
    date = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"<Event>{texts}<Date>{date}</Date><EventCategories>{categories}</EventCategories></Event>"
