"""`oncall.yaml` as a whole: the documented example means what it says, and every mistake has its place."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.model.oncall import ContactRule, OnCall, on_call, spans
from leh_guardian.model.oncall.classification import Class
from leh_guardian.model.oncall.terms import facts
from leh_guardian.model.plan import Severity
from leh_guardian.model.policy import AckBy, AckTerms, AfterLast, OnEmpty, ResolveTerms
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.oncall.loading import check_oncall, load_oncall

EXAMPLE = Path(__file__).with_name("example.yaml").read_text(encoding="utf-8")
ENVIRONMENT = {"SOLAPI_PF_ID": "pf", "SMS_FROM": "021234", "PD_ROUTING_KEY": "s3cret"}
SMALLEST = "version: 1\npolicies:\n  default: {steps: [{level: 1, notify: [channel:default]}]}\n"


@pytest.fixture(scope="module")
def example() -> OnCall:
    """Return the example, loaded."""
    return load_oncall(EXAMPLE.encode(), "oncall.yaml", ENVIRONMENT)


def test_the_example_leaves_no_half_hour_uncovered(example: OnCall) -> None:
    """Over fourteen months somebody is on call at any half hour, without the fallback, on both levels."""
    begin, end = datetime(2026, 11, 2, 1, tzinfo=UTC), datetime(2028, 1, 3, tzinfo=UTC)
    for schedule in example.schedules.values():
        found = list(spans(schedule, begin, end))
        assert (found[0].begin, found[-1].end) == (begin, end)
        assert not [span for span in found if span.duty.fallback]
        assert all(span.end > span.begin for span in found)


def test_the_example_is_fair(example: OnCall) -> None:
    """Of three people, and the fourth from January on, nobody has many more days than another."""
    days: Counter[str] = Counter()
    noon = datetime(2026, 11, 2, 3, tzinfo=UTC)
    while noon < datetime(2028, 1, 3, tzinfo=UTC):
        days[on_call(example, "lv1_dev", noon).people[0]] += 1
        noon += timedelta(days=1)
    assert sum(days.values()) == 427
    assert max(days[one] for one in ("minsu", "jiyoung", "hyunwoo")) < 126
    assert days["dohyun"] > 60


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (
            "2027-01-01T09:00+09:00",
            "jiyoung",
        ),  # a holiday's morning is the shift of the day before: itself one of `extra`
        ("2026-12-25T12:00+09:00", "jiyoung"),  # swapped
        ("2027-01-05T12:00+09:00", "minsu dohyun"),  # shadowed
        ("2027-05-03T12:00+09:00", "minsu"),
    ],
)
def test_the_example_on_some_days(example: OnCall, at: str, wanted: str) -> None:
    """Holidays, the company's own days, swaps and additions are seen."""
    assert " ".join(on_call(example, "lv1_dev", datetime.fromisoformat(at)).people) == wanted


def test_the_calendar(example: OnCall) -> None:
    """Its own days are added, those of the source that are none here are not."""
    calendar = example.schedules["lv1_dev"].layers[0].when.calendars[0]
    wanted = {date(2026, 12, 31): True, date(2027, 5, 1): False, date(2027, 2, 8): True, date(2027, 3, 3): False}
    assert {day: calendar.holds(day) for day in wanted} == wanted
    assert calendar.source.startswith("holidays 0.")


def test_people_and_channels(example: OnCall) -> None:
    """Contact rules by name or in place, in the order of their times; secrets are the environment's."""
    minsu = example.people["minsu"]
    assert minsu.urgent == (
        ContactRule(0.0, ("slack_dm", "kakao")),
        ContactRule(300.0, ("sms",)),
        ContactRule(900.0, ("voice", "sms")),
    )
    assert minsu.addresses == {"slack": "U0000MINSU", "email": "minsu@example.co.kr", "phone": "+821000000001"}
    assert minsu.quiet is not None
    pagerduty = example.channel("pagerduty")
    assert pagerduty is not None
    assert (pagerduty.provider, pagerduty.options, pagerduty.missing) == ("pagerduty", {"routing_key": "s3cret"}, ())
    assert example.channel("default") is not None
    assert example.channel("nowhere") is None
    assert example.failover["sms"] == ("sns_sms", "voice")
    assert example.delivery.confirm_within["sms"] == 90.0
    assert [(rate.count, rate.per) for rate in example.delivery.throttle["sms"]] == [(5, 900.0), (11, 3600.0)]


def test_policies(example: OnCall) -> None:
    """Every key has its place in the value; what a policy does not say is that of the one it extends."""
    default, security = example.policies["default"], example.policies["security"]
    first, second, last = default.steps
    assert (first.notify, first.ack_within, first.resolve_within) == (
        ("schedule:lv1_dev", "channel:slack_ops"),
        1800.0,
        3600.0,
    )
    assert (second.keep, second.on_empty) == ((1,), OnEmpty.SKIP)
    assert (last.notify, last.ack_within, last.ack_by) == (("team:executives", "channel:pagerduty"), None, AckBy.ALL)
    assert default.after_last == AfterLast(3, 900.0, 1.5, 3600.0, None)
    assert default.resolve == ResolveTerms(on_ok=True, hold=300.0, reopen_within=1800.0, human_from_level=3)
    assert (default.grace, default.group_wait, default.start_level) == (120.0, 30.0, 1)
    assert security.steps == default.steps
    assert (security.start_level, security.grace, security.suppressible, security.group_wait) == (3, 0.0, False, 0.0)
    assert security.also == ("schedule:lv2_lead", "schedule:lv1_dev")
    assert security.ack == AckTerms({"sev1": 1800.0, "sev2": 600.0, "sev3": 28800.0}, 600.0, extend_on_activity=True)


def test_classes_inhibition_maintenance_and_heartbeats(example: OnCall) -> None:
    """Their conditions are event patterns, over the event or over what is known of an incident."""
    found = example.classification.of({"source": "aws.guardduty", "detail": {"severity": 8.1}})
    assert found is not None
    assert found.of == Class(Severity.SEV1, "security", "security", 1)
    assert example.classification.of({"source": "aws.s3"}) is None
    incident = facts(rule="web-down", severity=Severity.SEV2, class_="feature_error", level=3, dedup_key="a")
    (inhibition,), (weekly, once) = example.inhibitions, example.maintenance
    assert inhibition.target.matches(incident)
    assert not inhibition.source.matches(incident)
    assert (inhibition.equal, inhibition.most) == (("dedup_key",), 7200.0)
    assert weekly.match.matches(incident)
    assert not once.match.matches(incident)
    assert once.until(datetime(2026, 11, 30, 18, tzinfo=UTC)) == datetime(2026, 11, 30, 19, tzinfo=UTC)
    assert [(one.name, one.every, one.policy, one.start_level) for one in example.heartbeats] == [
        ("evidence-backup", 86400.0, "default", 2)
    ]


def test_a_handful_of_lines_is_enough() -> None:
    """Everything has a default but who is called."""
    oncall = load_oncall(SMALLEST.encode(), "oncall.yaml")
    assert oncall.policies["default"].steps[0].notify == ("channel:default",)
    assert oncall.policies["default"].ack == AckTerms()
    assert str(oncall.timezone) == "Asia/Seoul"


def test_a_variable_that_is_not_set_is_doubtful_not_wrong() -> None:
    """It is told at its place; the file is loaded, and the channel says what it lacks."""
    checked = check_oncall(EXAMPLE.encode(), "oncall.yaml", {})
    assert [(one.code, one.severity, one.message) for one in checked.diagnostics] == [
        ("no-variable", "warning", "the environment has no `SOLAPI_PF_ID`"),
        ("no-variable", "warning", "the environment has no `SMS_FROM`"),
        ("no-variable", "warning", "the environment has no `PD_ROUTING_KEY`"),
    ]
    assert checked.oncall is not None
    assert checked.oncall.channels["kakao"].missing == ("SOLAPI_PF_ID",)


MISTAKES = [
    ("timezone: Asia/Seoul\nlocale", "timezone: Asia/Soul\nlocale", "2:bad-value"),
    ("timezone: Asia/Seoul\nlocale", "timezone: /etc/passwd\nlocale", "2:bad-value"),
    ("people:\n", "poeple:\n", "13:unknown-key people"),
    ("slack: U0000MINSU", "slak: U0000MINSU", "16:unknown-key slack"),
    ('"+821000000001"', '"010-1234-5678"', "18:bad-value"),
    ("notify: duty\n    quiet", "notify: dutty\n    quiet", "19:unknown-name duty"),
    ("{after: 5m, via: [sms]}", "{after: 5m, via: [smss]}", "12:unknown-name sms"),
    ("executives: [cto, pm]", "executives: [cto, pn]", "38:unknown-name pm"),
    ("executives: [cto, pm]", "executives: cto", "38:bad-value"),
    ("executives: [cto, pm]", "executives: [cto, 7]", "38:bad-value"),
    ("provider: sns", "provider: snss", "48:bad-value"),
    ("kind: dm", "kind: mail", "40:bad-value dm"),
    ("kind: sms, from", "kind: smss, from", "47:bad-value sms"),
    ("  slack_dm: [kakao, sms]", "  slack_d: [kakao, sms]", "53:unknown-name slack_dm"),
    ("  kakao: [sms]\n", "  kakao: [kakao]\n", "54:bad-value"),
    ("lease: 60s", "lease: 5s", "58:bad-value"),
    ("lease: 60s", "lease: 11m", "58:bad-value"),
    ("send_timeout: 10s", "send_timeout: 60s", "57:bad-value"),
    ("{kakao: 60s,", "{kako: 60s,", "60:unknown-name kakao"),
    ("country: KR", "country: XX", "67:bad-value"),
    ("[public]", "[publik]", "68:bad-value public"),
    ("exclude: [2027-05-01]", "exclude: [2027-02-30]", "70:bad-value"),
    ("{2026-12-31: 회사", "{12-31: 회사", "69:bad-value"),
    ("[kr_public, weekend]", "[kr_publik, weekend]", "77:unknown-name kr_public"),
    ("{every: 1d, at", "{every: 5h, at", "82:bad-value"),
    ("{every: 1d, at", "{every: 36h, at", "82:bad-value"),
    ("{every: 1d, at", "{every: 1d, weekday: mon, at", "82:bad-value"),
    ('every: 1w, weekday: mon, at: "10:00"', "every: 1w, weekday: mon, at: 10h", "89:bad-value"),
    ("from: 2027-01-04, members", "from: 2026-11-02, members", "88:bad-value"),
    ("members: [seoyeon, dohyun]", "members: []", "96:bad-value"),
    ("fallback: [seoyeon]", "fallback: [seoyon]", "90:unknown-name seoyeon"),
    ("announce: {channel: slack_ops", "announce: {channel: sms", "91:bad-value"),
    ("to: 2026-12-26T10:00", "to: 2026-12-25T10:00", "103:bad-value"),
    ("to: 2026-12-26T10:00", "to: 2026-12-26T10:00Z", "103:bad-value"),
    ("    replace: {minsu: jiyoung}\n", "", "100:missing-key"),
    ("replace: {minsu: jiyoung}", "replace: {minsu: nobody}", "104:unknown-name"),
    ("id: shadow-jan", "id: swap-2026-12-25", "107:duplicate-id"),
    ("    reason: 휴가\n", "", "100:missing-key"),
    ("  default:\n    steps", "  defaults:\n    steps", "114:missing-key 145:unknown-name default 153:unknown-name 169:unknown-name"),
    ("        ack_within: 60m\n", "", "122:missing-key"),
    ("keep: [1, 2]", "keep: [1, 4]", "130:bad-value"),
    ("schedule:lv1_dev, channel:slack_ops]", "schedule:lv1, chanel:slack_ops]", "118:bad-value"),
    ("[schedule:lv1_dev, channel:slack_ops]", "[schedule:lv1_div, channel:slack_ops]", "118:unknown-name lv1_dev"),
    ("repeat_from: 3", "repeat_from: 4", "132:bad-value"),
    ("times: forever", "times: ever", "132:bad-value"),
    ("start_level: 3\n", "start_level: 4\n", "146:bad-value"),
    ("extends: default", "extends: security", "145:bad-value"),
    ("timeout: {sev1: 30m", "timeout: {sev9: 30m", "134:bad-value"),
    ("grouping: {wait: 30s}", "grouping: {by: [service], wait: 30s}", "142:not-supported dedup"),
    ("{wait: 0s}", "{interval: 1m}", "147:not-supported dedup"),
    ("      pattern: {source: [aws.backup],", "      match: {source: [aws.backup],", "159:not-supported pattern:"),
    ("severity: sev2, class: data_integrity", "severity: sev2, clas: data_integrity", "160:unknown-key class"),
    ("{state: [FAILED", "{state: [{prefx: F}, FAILED", "159:bad-pattern"),
    ("policy: security}", "policy: securty}", "157:unknown-name security"),
    ("target: {class:", "target: {clas:", "163:unknown-field class"),
    ("equal: [dedup_key]", "equal: [service]", "163:unknown-field"),
    ('days: [tue], at: "02:00", for: 1h', 'cron: "0 2 * * TUE", for: 1h', "165:not-supported days:"),
    ('days: [tue], at: "02:00", for: 1h', 'at: "02:00", for: 1h', "165:missing-key"),
    ("days: [tue]", "days: [tuesday]", "165:bad-value"),
    ("heartbeats:\n", "heartbeats:\n  outbound: []\n", "168:not-supported heartbeat.url"),
    ("heartbeats:\n", "audit: {every: 1m}\nheartbeats:\n", "167:not-supported guardian.yaml"),
    ("heartbeats:\n", "drill: {}\nlegal_clocks: {}\nheartbeats:\n", "167:not-supported 168:not-supported"),
    ("notify: duty}\n  hyunwoo", "notify: &duty duty}\n  hyunwoo", "21:alias contact_rules"),
    ("  cto:\n", "  CTO:\n", "25:bad-value 38:unknown-name 98:unknown-name"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "wanted"), MISTAKES, ids=[wanted for *_, wanted in MISTAKES])
def test_every_mistake_has_its_place(old: str, new: str, wanted: str) -> None:
    """Its line and code, and where there is one the way out; nothing else is complained of."""
    assert old in EXAMPLE
    found = check_oncall(EXAMPLE.replace(old, new, 1).encode(), "oncall.yaml", ENVIRONMENT)
    told = " ".join(f"{one.line}:{one.code} {one.hint}" for one in found.diagnostics)
    places = [part for part in wanted.split() if part[0].isdigit()]
    assert [f"{one.line}:{one.code}" for one in found.diagnostics] == places, told
    for part in wanted.split():
        assert part in told
    assert found.oncall is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("- 1", "not-an-oncall-file"),
        ("people: {}", "not-an-oncall-file"),
        ("version: 2\npolicies: {}", "bad-value missing-key"),
        (SMALLEST + "delivery: 7", "bad-value"),
        (SMALLEST + "people:", "bad-value"),
        (SMALLEST + "overrides: {}", "bad-value"),
        (SMALLEST + "classify: {rules: 7}", "bad-value"),
        (SMALLEST + "heartbeats: {inbound: [7]}", "bad-value"),
        (SMALLEST + "channels: {default: {provider: console}}", "bad-value"),
        (SMALLEST + "calendars: {weekend: {}}", "bad-value"),
        (SMALLEST.replace("[{level: 1, notify: [channel:default]}]", "[]"), "bad-value"),
        ("version: 1\npolicies: {default: {}}", "missing-key"),
        (SMALLEST + "  x: {extends: y}\n  y: {extends: x}\n", "bad-value bad-value"),
        (SMALLEST + "  x: {extends: z}\n", "unknown-name"),
        (SMALLEST + "  x: 7\n  y: {extends: x}\n", "bad-value"),
    ],
)
def test_what_is_not_of_the_shape(text: str, code: str) -> None:
    """Whatever stands in a block, it is told and nothing falls over."""
    assert " ".join(one.code for one in check_oncall(text.encode(), "oncall.yaml").diagnostics) == code


def test_overlapping_replacements_are_refused() -> None:
    """Who stands in for somebody at a time must be one."""
    second = EXAMPLE[EXAMPLE.index("  - id: swap") : EXAMPLE.index("  - id: shadow")].replace("swap-", "again-")
    text = EXAMPLE.replace("policies:\n", second + "policies:\n", 1)
    found = check_oncall(text.encode(), "oncall.yaml", ENVIRONMENT).diagnostics
    assert [one.code for one in found] == ["overlap"]
    after = second.replace("2026-12-26T10:00", "2026-12-27T10:00").replace("2026-12-25T10:00", "2026-12-26T10:00")
    text = EXAMPLE.replace("policies:\n", after + "policies:\n", 1)
    assert not check_oncall(text.encode(), "oncall.yaml", ENVIRONMENT).diagnostics


def test_a_file_of_nothing_but_mistakes_ends() -> None:
    """A hundred are told, and that there are more."""
    people = "".join(f"  p{n}: {{nam: x}}\n" for n in range(20000))
    found = check_oncall((SMALLEST + "people:\n" + people).encode(), "oncall.yaml").diagnostics
    assert len(found) == 101
    assert "too-many" in {one.code for one in found}


def test_a_broken_file_raises_with_all_its_errors() -> None:
    """Warnings are not among them."""
    with pytest.raises(RulesRefused) as refused:
        load_oncall(EXAMPLE.replace("lease: 60s", "lease: 5s").encode(), "oncall.yaml", {})
    assert [one.code for one in refused.value.diagnostics] == ["bad-value"]


LINES = EXAMPLE.splitlines()


@settings(max_examples=60)
@given(
    st.integers(0, len(LINES) - 1),
    st.sampled_from(["", "x: 7", "- 7", "people: [", "  null:", '  from: "x"']),
    st.booleans(),
)
def test_no_line_put_in_or_left_out_makes_it_fall_over(number: int, line: str, replace: bool) -> None:
    """The loader answers with a value or with diagnostics, never with another error."""
    text = "\n".join([*LINES[:number], line, *LINES[number + replace :]])
    found = check_oncall(text.encode(), "oncall.yaml", ENVIRONMENT)
    assert (found.oncall is None) == any(one.severity == "error" for one in found.diagnostics)


@pytest.mark.parametrize(
    "text",
    [
        SMALLEST + "".join(f"  p{n}: {{extends: p{n + 1}}}\n" for n in range(5000)),
        SMALLEST + "people:\n" + "".join(f"  p{n}: {{name: x}}\n" for n in range(5000))
        + "teams:\n  t: [" + ", ".join(f"p{n}" for n in range(5000)) + "]\n  u: [" + ", ".join(f"q{n}" for n in range(5000)) + "]\n",
    ],
    ids=["chain", "names"],
)  # fmt: skip
def test_many_names_cost_little(text: str) -> None:
    """A long chain of policies is refused, and so are names by the thousand, without a look at each pair of them."""
    found = check_oncall(text.encode(), "oncall.yaml").diagnostics
    assert len(found) == 101
