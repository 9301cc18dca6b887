"""The daemon and an AI provider that goes away and comes back: the page, the record, the channels, as they are wired."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.builders import alarm_event
from tests.support.installation import alert_queue, install
from tests.support.process import Daemon, run_cli, shipped, wait_for
from tests.support.provider_outside import ProviderOutside
from tests.support.webhook_receiver import SECRET

RULE = """
version: 1
rules:
  - id: outage
    description: Waits for the provider, then says so.
    mode: act
    pattern: {source: [aws.cloudwatch], detail: {alarmName: [{prefix: a-}]}}
    dedup: detail.alarmName
    actions:
      - uses: await_provider
        with: {provider: openai, poll: 1s, stable_for: 2s, announce: {team: team, users: users}}
      - uses: notify
        with: {text: "after: ${actions.await_provider.state}"}
"""


def test_an_outage_from_its_announcement_to_the_next_step(
    postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path
) -> None:
    """Announced to both, shown by /status, over when the page says so for long enough; then the rule goes on and the incident ends."""
    settings = install(postgres, aws_server, tmp_path)
    (Path(settings["LEH_RULES__DIR"]) / "outage.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "secret").write_bytes(SECRET)
    with ProviderOutside(bad=1) as outside, alert_queue(settings) as send:
        for name in ("TEAM", "USERS"):
            settings[f"LEH_NOTIFY__CHANNELS__{name}__URL"] = f"{outside.url}/hook"
            settings[f"LEH_NOTIFY__CHANNELS__{name}__SECRET_FILE"] = str(tmp_path / "secret")
        settings |= {"LEH_PROVIDER__STATUS_URL": outside.url}
        config = tmp_path / "guardian.yaml"
        config.write_text("provider: {components: [Responses]}\n", encoding="utf-8")
        settings["LEH_CONFIG"] = str(config)
        with Daemon(tmp_path / "log", shipped, **settings) as daemon:
            send(alarm_event("a-1"))
            wait_for(lambda: len(outside.notices) == 2)
            provider = wait_for(lambda: _status(daemon)["providers"].get("openai"))
            assert (provider["phase"], provider["state"]) == ("open", "outage_suspected")
            outside.passed = 2
            wait_for(lambda: "after: recovered" in daemon.text())
            wait_for(lambda: _status(daemon)["providers"]["openai"]["phase"] == "over")
            assert _status(daemon)["clients"]["status_page_openai"] is True
        assert outside.announced() == dict.fromkeys(("team/start/0", "users/start/0", "team/end/0", "users/end/0"), 1)
        listed = run_cli("incidents", "list", "--all", "--json", **settings).stdout.splitlines()
        assert {json.loads(line)["status"] for line in listed if json.loads(line)["rule"] == "outage"} == {"resolved"}


def _status(daemon: Daemon) -> Any:
    return json.loads(daemon.get("/status")[1])
