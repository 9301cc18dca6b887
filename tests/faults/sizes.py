"""Owns how much of each fault a run does; the one rule: few in `make test`, many in `make faults`."""

from __future__ import annotations

import os


# `make faults` says how many in the environment.
def _wanted(name: str, usual: int) -> int:
    return int(os.environ.get(name) or usual)


KILLS = _wanted("KILLS", 10)
"""Random SIGKILLs over two replicas."""
CALL_KILLS = _wanted("CALL_KILLS", 3)
"""Random SIGKILLs over two replicas that call people; beside one at each named point of calling."""
SPEND_KILLS = _wanted("SPEND_KILLS", 2)
"""Random SIGKILLs over two replicas and their workers where cases spend too much; beside one at each named point of that."""
SPEND_SEED = _wanted("SPEND_SEED", 19)
"""What chance does there: another number is another day."""
FREEZES = _wanted("FREEZES", 3)
"""SIGSTOPs at named points, over all points."""
RESTARTS = _wanted("RESTARTS", 2)
"""Restarts of PostgreSQL under load."""
STOPS = _wanted("STOPS", 6)
"""SIGTERMs at random times."""
STORM = _wanted("STORM", 2_000)
"""Alerts in a storm."""
LONG = bool(os.environ.get("FAULTS_LONG"))
"""Whether this is `make faults`."""
RARER = 1.0 if LONG else 3.2
"""By how much portions of the load are further apart: an alert costs 17 ms of CPU, and a dozen worlds share two cores."""
