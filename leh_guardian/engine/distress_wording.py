"""Owns what people read when guardian itself cannot work; the one rule: what they must do in its place stands in it.

An outage of guardian may be one of its store or of its files, so nothing here asks either: times are Korea's.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.engine.wording import detail_line
from leh_guardian.language import Text, lines_of, moment
from leh_guardian.model.text import told

_SEOUL: Final = ZoneInfo("Asia/Seoul")


class Outage(StrEnum):
    """What guardian cannot work without."""

    DATABASE = "postgresql"
    ALERTS = "alert_queue"
    URGENT = "urgent_queue"
    CANARY = "canary"
    LOST_CALL = "lost_call"
    LATE_CALLS = "late_calls"


_QUEUE_AWAY: Final = Text(
    ko="guardian이 경보 큐(SQS)를 사용할 수 없어 새 경보를 받지 못합니다. CloudWatch 경보를 직접 확인하고 대응하세요.",
    en="guardian cannot use its alert queue (SQS) and gets no new alerts. Look at the CloudWatch alarms yourself.",
)
_OUTAGES: Final = {
    Outage.DATABASE: Text(
        ko=(
            "guardian이 데이터베이스(PostgreSQL)를 사용할 수 없어 경보를 처리하지 못합니다. "
            "CloudWatch 경보를 직접 확인하고 대응하세요."
        ),
        en="guardian cannot use its database (PostgreSQL) and handles no alerts. Look at the CloudWatch alarms yourself.",
    ),
    Outage.ALERTS: _QUEUE_AWAY,
    Outage.URGENT: _QUEUE_AWAY,
    Outage.CANARY: Text(
        ko="guardian의 자체 점검 이벤트가 경보 경로를 끝까지 통과하지 못합니다. 경보가 처리되지 않을 수 있으므로 직접 확인하세요.",
        en="guardian's own test events do not come through the path of the alerts. Alerts may go unhandled: look yourself.",
    ),
    Outage.LOST_CALL: Text(
        ko=(
            "다음 호출이 예약되지 않은 열린 장애가 있어 다시 예약했습니다. "
            "호출이 늦었을 수 있으므로 열린 장애를 직접 확인하세요."
        ),
        en=(
            "An open incident had no next call, and has one again. "
            "Calls may have been late: look at the open incidents yourself."
        ),
    ),
    Outage.LATE_CALLS: Text(
        ko=(
            "guardian의 호출이 예정보다 늦어지고 있습니다. "
            "담당자가 호출을 받지 못했을 수 있으므로 열린 장애를 직접 확인하세요."
        ),
        en=(
            "guardian's calls are later than planned. "
            "People may not have been called: look at the open incidents yourself."
        ),
    ),
}


def distress(outage: Outage, reason: str, began: datetime, replica: str, *, over: bool) -> Text:
    """Return the lines of a notice that guardian itself cannot work, or can again; the first is its title."""
    since = moment(began, _SEOUL)
    server = told(replica, 120, phones=False)
    if over:
        return lines_of(
            Text(ko=f"[복구] guardian: {outage.value}", en=f"[RECOVERED] guardian: {outage.value}"),
            Text(
                ko="guardian이 다시 정상적으로 동작합니다. 장애 동안 울린 경보는 CloudWatch에서 한 번 더 확인하세요.",
                en="guardian works again. Look once more in CloudWatch at the alarms of the meantime.",
            ),
            Text(ko=f"장애 시작: {since.ko}", en=f"Began: {since.en}"),
            Text(ko=f"서버: {server}", en=f"Server: {server}"),
        )
    return lines_of(
        Text(ko=f"[SEV1] guardian 자체 장애: {outage.value}", en=f"[SEV1] guardian itself is failing: {outage.value}"),
        _OUTAGES[outage],
        detail_line(told(reason, 600)),
        Text(ko=f"시작: {since.ko}", en=f"Began: {since.en}"),
        Text(ko=f"서버: {server}", en=f"Server: {server}"),
        Text(ko="확인: leh-guardian doctor", en="Look: leh-guardian doctor"),
    )
