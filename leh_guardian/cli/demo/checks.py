"""Owns the demo's verdict; the one rule: it is counted at the queues, the worker and the admin API, guardian's own word last."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from leh_guardian.cli.demo.acts import Stage
from leh_guardian.cli.demo.bill_shock import is_told_apart
from leh_guardian.cli.demo.restore import is_whole
from leh_guardian.cli.demo.screen import incidents
from leh_guardian.cli.demo.weekly import is_reported
from leh_guardian.cli.output import out
from leh_guardian.local.admin_api import Desk
from leh_guardian.local.guardian import GuardianProcess
from leh_guardian.local.seed import ALERT_QUEUE, WORKER_DLQ
from leh_guardian.store import letters
from leh_guardian.store.transaction import transaction


async def verify(stage: Stage, desk: Desk, guardian: GuardianProcess, faults: Sequence[str]) -> list[str]:
    """Say what is as promised and what is not; returns the latter, with the `faults` that are known already."""
    whole = set(stage.uploads) - {stage.poison}
    cleared = set(stage.case.cleared)
    done = Counter(stage.worker.finished)
    async with transaction(stage.pool) as tx:
        kept = [row["evidence"] for row in await letters.kept(tx, most=100)]
    all_ = await incidents(stage.pool)
    announced = _told(guardian)
    checks = {
        f"{len(whole)} of {len(stage.uploads)} uploads are processed, each once": {
            each: done[each] for each in done if each not in cleared
        }
        == dict.fromkeys(whole, 1),
        f"the closed case is open again, logged once, and all {len(stage.case.evidence)} pieces can be searched": (
            await is_whole(stage.case)
        ),
        f"... of which {len(cleared)} were processed anew, each once, and no other": {
            each: done[each] for each in stage.case.evidence if done[each]
        }
        == dict.fromkeys(cleared, 1),
        "the attack is paused and its account blocked, once; the lawyer's binder went on by itself": (
            await is_told_apart(stage)
        ),
        "the broken one, and nothing else, is in quarantine": [list(each) for each in kept] == [[stage.poison]],
        f"{WORKER_DLQ} is empty": await stage.dead() == 0,
        f"{ALERT_QUEUE} is empty": await stage.service.depth(stage.service.alert_url) == 0,
        "the admin API was asked once for each piece that it was asked for": set(desk.requests.values()) == {1},
        "the outage was announced once, and its end once": announced == (1, 1),
        "every incident is resolved": bool(all_) and all(each["status"] == "resolved" for each in all_),
        "the weekly report went out once, with one finding of each kind": is_reported(guardian),
        "nobody answered, so Lv1, Lv2 and Lv3 were called in this order": _levels(guardian) == ["Lv1", "Lv2", "Lv3"],
        "the daemon is live and ready": [await guardian.get("/livez"), await guardian.get("/readyz")] == [200, 200],
    }
    out()
    for check, good in checks.items():
        out(f"  {'✔' if good else '✘'} {check}")
    found = [*faults, *(check for check, good in checks.items() if not good)]
    if found:
        out("\nNOT AS PROMISED:\n" + "\n".join(f"  {fault}" for fault in found), flush=True)
    else:
        out("\nAS PROMISED: found, understood and put right; nothing lost, nothing done twice.", flush=True)
    return found


def _levels(guardian: GuardianProcess) -> list[str]:
    """Return the levels that were called about the service, as the console said them, once each."""
    text = guardian.log.read_text(encoding="utf-8", errors="replace")
    return list(dict.fromkeys(re.findall(r"📣 \[SEV1·(Lv\d)\] service-errors", text)))


def _told(guardian: GuardianProcess) -> tuple[int, int]:
    """Return how often the beginning and the end of the outage were said on the console."""
    text = guardian.log.read_text(encoding="utf-8", errors="replace")
    return text.count("외부 장애: 재처리를 멈추고"), text.count("만에 끝났습니다")
