"""What can be measured of a subject: a number each, or None where the log does not have what it takes.

The modules are families; importing them fills `MEASURES`.
"""

from __future__ import annotations

from leh_guardian.uploads.measures import account, automation, content, network, rate, time, trust
from leh_guardian.uploads.measures.catalogue import MEASURES, Measure

__all__ = ["MEASURES", "Measure", "account", "automation", "content", "network", "rate", "time", "trust"]
