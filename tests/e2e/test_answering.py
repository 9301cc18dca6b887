"""Somebody is called by the daemon as a process, and answers by the link of the message."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlencode

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.builders import alarm_event
from tests.support.installation import alert_queue, install
from tests.support.process import Daemon, run_cli, wait_for
from tests.support.webhook_receiver import SECRET, WebhookReceiver

ON_CALL = """
version: 1
contact_rules: {duty: {normal: [{after: 0m, via: [pager]}], urgent: [{after: 0m, via: [pager]}]}}
people: {minsu: {name: 김민수, notify: duty}}
channels: {pager: {provider: webhook}}
policies: {default: {steps: [{level: 1, notify: [person:minsu]}]}}
"""


def test_a_link_of_a_message_is_pressed(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path) -> None:
    """From the alarm to the message with its link, to the page, to the press, to the list: each as in an installation."""
    settings = install(postgres, aws_server, tmp_path)
    (Path(settings["LEH_RULES__DIR"]) / "oncall.yaml").write_text(ON_CALL, encoding="utf-8")
    for name, content in {"keys": b"k" * 32, "hook": SECRET}.items():
        (tmp_path / name).write_bytes(content)
    with WebhookReceiver() as receiver, alert_queue(settings) as send:
        hook = f"{{url: '{receiver.url}/hook', secret_file: {tmp_path / 'hook'}}}"
        (tmp_path / "guardian.yaml").write_text(f"notify: {{channels: {{pager: {hook}}}}}")
        settings |= {
            "LEH_CONFIG": str(tmp_path / "guardian.yaml"),
            "LEH_HTTP__PUBLIC_URL": "https://g.example.kr",
            "LEH_HTTP__LINK_SECRET_FILE": str(tmp_path / "keys"),
        }
        with Daemon(tmp_path / "log", **settings) as daemon:
            send(alarm_event("a-1"))
            wait_for(lambda: receiver.notices)
            path = receiver.notices[0]["link"].removeprefix("https://g.example.kr")
            status, page = daemon.get(path)
            assert (status, "김민수" in page) == (200, True)
            [nonce] = re.findall(r'name="nonce" value="([^"]+)"', page)
            assert daemon.get(path)[0] == 200
            listed = json.loads(run_cli("incidents", "list", "--json", **settings).stdout)
            assert (listed["status"], listed["acknowledged_by"]) == ("triggered", [])
            status, page = daemon.post(path, urlencode({"nonce": nonce}).encode())
            assert (status, "확인했습니다" in page) == (200, True)
            listed = json.loads(run_cli("incidents", "list", "--json", **settings).stdout)
            assert (listed["status"], listed["acknowledged_by"]) == ("acknowledged", ["minsu"])
            assert path.removeprefix("/a/") not in daemon.text(), "a link is not for the log"
            assert "Traceback" not in daemon.text()
