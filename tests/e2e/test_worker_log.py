"""The daemon and the worker's log: an error that left no dead letter is heard of and diagnosed, as it is wired."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from leh_guardian.clock import SystemClock
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.installation import alert_queue, client, install
from tests.support.process import Daemon, shipped, wait_for

RULE = """
version: 1
rules:
  - id: logged
    mode: act
    pattern: {source: [leh.guardian], detail-type: [Worker Errors Logged], detail: {verdict: [config]}}
    dedup: detail.verdict
    actions:
      - id: cause
        uses: diagnose_worker
        with: {log_group: "${event.detail.log_group}", window: 30m}
      - uses: notify
        with: {text: "cause: ${actions.cause.verdict} of ${actions.cause.share.attempts}"}
"""
SIGNATURES = """version: 1
signatures:
  - {id: step-four, verdict: config, pattern: {exception: [PipelineError]}}
"""


def test_an_error_that_the_worker_swallowed(
    postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path
) -> None:
    """Told by an event of its minute, with the operators' own signature, and diagnosed by the step that follows."""
    settings, group = install(postgres, aws_server, tmp_path), f"/aws/lambda/{uuid.uuid4().hex[:8]}"
    rules = Path(settings["LEH_RULES__DIR"])
    (rules / "logged.yaml").write_text(RULE, encoding="utf-8")
    (rules / "signatures.yaml").write_text(SIGNATURES, encoding="utf-8")
    settings |= {"LEH_WORKER__LOG_GROUP": group, "LEH_WORKER__LAG": "0s"}
    minute = int(SystemClock().now().timestamp()) // 60
    with client("logs", settings) as logs:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s[1]")
        # Of the minutes that are looked at at the start the first two: the first of them may be too old by then.
        for at in (minute - 15, minute - 14):
            request = str(uuid.uuid4())
            said = f"[ERROR]\t2026-11-27T09:00:00.000Z\t{request}\tPipelineError: four"
            events = [
                {"timestamp": at * 60_000, "message": one} for one in (f"START RequestId: {request} Version: 1", said)
            ]
            logs.put_log_events(logGroupName=group, logStreamName="s[1]", logEvents=events)
    with alert_queue(settings), Daemon(tmp_path / "log", shipped, **settings) as daemon:
        wait_for(lambda: "cause: config of" in daemon.text())
        assert wait_for(lambda: _status(daemon)["clients"]["worker_log"]) is True


def _status(daemon: Daemon) -> Any:
    return json.loads(daemon.get("/status")[1])
