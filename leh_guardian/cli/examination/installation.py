"""Owns the look at what is on this machine: rules, the status address; the one rule: the daemon's own checks are asked."""

from __future__ import annotations

import aiohttp

from leh_guardian.app import handlers
from leh_guardian.app.people import unset
from leh_guardian.app.rulebook import rules_in_use
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.errors import SettingsError
from leh_guardian.language import Text
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.ruleset import Rule
from leh_guardian.settings import HttpSettings, Settings
from leh_guardian.web.server import serve


def look_at_rules(settings: Settings) -> list[Finding]:
    """Load the rules as the daemon would."""
    folder = settings.rules.dir
    try:
        rules = rules_in_use(settings, handlers())
    except RulesRefused as error:
        return [Finding("rules", "FAIL", str(error.diagnostics[0]), f"leh-guardian rules check {folder}")]
    except SettingsError as error:
        fix = Text(
            ko="LEH_RULES__MODES__… 의 규칙 이름을 확인하거나 지우세요.",
            en="Look at the rule's name in LEH_RULES__MODES__…, or take it out.",
        )
        return [Finding("rules", "FAIL", str(error), fix)]
    found = [Finding("rules", "OK", f"{len(rules.rules)} rules in {folder}, revision {rules.revision}")]
    blind = [rule.id for rule in rules.rules if settings.evidence.table is None and _looks_for_evidence(rule)]
    if blind:
        detail = f"{', '.join(blind)}: its last look cannot be taken, so it fires a quarter of an hour late for whatever nobody reported"
        found.append(
            Finding(
                "evidence table",
                "WARN",
                detail,
                Text(
                    ko="LEH_EVIDENCE__TABLE에 증거 테이블(DynamoDB)의 이름을 지정하세요.",
                    en="Set LEH_EVIDENCE__TABLE to the name of the evidence table (DynamoDB).",
                ),
            )
        )
    if asking := [rule.id for rule in rules.rules if settings.admin_api.url is None and _asks_admin_api(rule)]:
        detail = f"{', '.join(asking)}: evidence cannot be processed anew without the admin API"
        found.append(
            Finding(
                "admin api",
                "WARN",
                detail,
                Text(
                    ko="LEH_ADMIN_API__URL에 관리 API의 주소를 지정하세요.",
                    en="Set LEH_ADMIN_API__URL to the address of the admin API.",
                ),
            )
        )
    if missing := unset(rules.oncall, settings.notify.channels):
        detail = f"oncall.yaml names channels that the settings do not have: {', '.join(missing)}"
        found.append(
            Finding(
                "on-call channels",
                "FAIL",
                detail,
                Text(
                    ko="guardian.yaml의 notify.channels에 같은 이름으로 추가하세요.",
                    en="Add them to notify.channels of guardian.yaml, by the same names.",
                ),
            )
        )
    return found


def _asks_admin_api(rule: Rule) -> bool:
    return any(step.uses == "reprocess_evidence" for step in rule.plan.steps)


def _looks_for_evidence(rule: Rule) -> bool:
    look = rule.expect.unless if rule.expect else None
    return look is not None and look.uses == "evidence_exists" and "table" not in look.params


async def look_at_address(http: HttpSettings) -> list[Finding]:
    """Listen for a moment as the daemon would; that a daemon does already is as good."""
    try:
        async with serve((), http.bind, http.port):
            return [Finding("http", "OK", f"{http.bind}:{http.port} is free")]
    except SettingsError as error:
        if await _guardian_listens(http):
            return [Finding("http", "OK", f"a leh_guardian listens on {http.bind}:{http.port}")]
        return [
            Finding(
                "http",
                "FAIL",
                str(error),
                Text(
                    ko="LEH_HTTP__BIND, LEH_HTTP__PORT를 확인하세요.", en="Look at LEH_HTTP__BIND and LEH_HTTP__PORT."
                ),
            )
        ]


async def _guardian_listens(http: HttpSettings) -> bool:
    host = f"[{http.bind}]" if ":" in http.bind else http.bind
    timeout = aiohttp.ClientTimeout(total=3)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{host}:{http.port}/livez") as answer,
        ):
            return answer.headers.get("Server") == "leh-guardian"
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return False
