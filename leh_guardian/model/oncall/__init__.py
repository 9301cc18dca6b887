"""On-call: people, schedules, and who is on duty when; pure, standard library only."""

from leh_guardian.model.oncall.config import OnCall, built_in, on_call
from leh_guardian.model.oncall.delivery import Channel, Delivery
from leh_guardian.model.oncall.duty import Duty, Span, duty_at, spans
from leh_guardian.model.oncall.people import ContactRule, Person, QuietHours
from leh_guardian.model.oncall.rotation import Advance, Handover, Phase, Rotation
from leh_guardian.model.oncall.schedule import Calendar, Layer, Override, Schedule, When, is_weekend

__all__ = [
    "Advance",
    "Calendar",
    "Channel",
    "ContactRule",
    "Delivery",
    "Duty",
    "Handover",
    "Layer",
    "OnCall",
    "Override",
    "Person",
    "Phase",
    "QuietHours",
    "Rotation",
    "Schedule",
    "Span",
    "When",
    "built_in",
    "duty_at",
    "is_weekend",
    "on_call",
    "spans",
]
