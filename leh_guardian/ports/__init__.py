"""Owns the Protocols between the rooms: only things that have a real and a fake; the one rule: no client library's type passes."""

from __future__ import annotations

from leh_guardian.ports.aws import (
    Functions,
    FunctionState,
    LogMessage,
    Logs,
    LogSample,
    SearchIndex,
    TableLayout,
    Tables,
)
from leh_guardian.ports.letters import RETENTION, DeadLetters, KeptLetter, LetterHistory, MovedLetter, SentLetter
from leh_guardian.ports.people import (
    Button,
    Channel,
    Confirming,
    Notice,
    NoticeKind,
    Pingable,
    Pulse,
    Receipt,
    Sent,
)
from leh_guardian.ports.queues import (
    AlertQueue,
    MoveTask,
    OutgoingMessage,
    QueueDepth,
    QueueInfo,
    Queues,
    ReceivedMessage,
)
from leh_guardian.ports.service import AdminApi, Deployments, Outages, Reprocessing, StatusPage, WorkerErrors

__all__ = [
    "RETENTION",
    "AdminApi",
    "AlertQueue",
    "Button",
    "Channel",
    "Confirming",
    "DeadLetters",
    "Deployments",
    "FunctionState",
    "Functions",
    "KeptLetter",
    "LetterHistory",
    "LogMessage",
    "LogSample",
    "Logs",
    "MoveTask",
    "MovedLetter",
    "Notice",
    "NoticeKind",
    "Outages",
    "OutgoingMessage",
    "Pingable",
    "Pulse",
    "QueueDepth",
    "QueueInfo",
    "Queues",
    "Receipt",
    "ReceivedMessage",
    "Reprocessing",
    "SearchIndex",
    "Sent",
    "SentLetter",
    "StatusPage",
    "TableLayout",
    "Tables",
    "WorkerErrors",
]
