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
from leh_guardian.ports.people import Channel, Notice, Pingable, Pulse
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
    "Channel",
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
    "Outages",
    "OutgoingMessage",
    "Pingable",
    "Pulse",
    "QueueDepth",
    "QueueInfo",
    "Queues",
    "ReceivedMessage",
    "Reprocessing",
    "SearchIndex",
    "SentLetter",
    "StatusPage",
    "TableLayout",
    "Tables",
    "WorkerErrors",
]
