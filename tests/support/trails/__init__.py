"""Lines of logs of requests, as AWS documents them, for tests to bend."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zlib import crc32

BUCKET = "uploads"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"


def _request(*of: object) -> str:
    return f"R{crc32(repr(of).encode()):08x}"


def event(key: str, at: datetime, ip: str, **changed: Any) -> dict[str, Any]:
    """A data event of CloudTrail: somebody stored an object with a presigned address."""
    made: dict[str, Any] = {
        "eventVersion": "1.10",
        "userIdentity": {"type": "AssumedRole", "accountId": "111122223333"},
        "eventTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject",
        "awsRegion": "ap-northeast-2",
        "sourceIPAddress": ip,
        "userAgent": f"[{BROWSER}]",
        "requestParameters": {"bucketName": BUCKET, "Host": "uploads.s3.amazonaws.com", "key": key},
        "additionalEventData": {
            "SignatureVersion": "SigV4",
            "AuthenticationMethod": "QueryString",
            "bytesTransferredIn": 3,
        },
        "requestID": _request(key, at, ip),
        "eventCategory": "Data",
    }
    return made | changed


def trail_file(*events: dict[str, Any]) -> bytes:
    """A file of a trail, unpacked."""
    return json.dumps({"Records": list(events)}).encode()


def access_line(
    key: str,
    at: datetime,
    ip: str,
    *,
    status: int = 200,
    code: str = "-",
    operation: str = "REST.PUT.OBJECT",
    agent: str = BROWSER,
    uri: str | None = None,
    referrer: str = "-",
    signed: str = "QueryString",
    bucket: str = BUCKET,
    request: str | None = None,
) -> str:
    """A line of S3's server access log."""
    encoded = quote(key)
    when = at.astimezone(UTC)
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    time = f"[{when.day:02}/{months[when.month - 1]}/{when:%Y:%H:%M:%S} +0000]"
    asked = uri or f"PUT /{bucket}/{encoded}?X-Amz-Signature=abc HTTP/1.1"
    named = request or _request(key, at, ip)
    return (
        f'{OWNER} {bucket} {time} {ip} {OWNER} {named} {operation} {encoded} "{asked}" {status} {code} - 4406583 41754 28'
        f' "{referrer}" "{agent}" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4'
        f" ECDHE-RSA-AES128-GCM-SHA256 {signed} {bucket}.s3.ap-northeast-2.amazonaws.com TLSv1.2 - -"
    )


def waf_record(at: datetime, ip: str, *, action: str = "BLOCK", path: str, method: str = "POST", **asked: Any) -> str:
    """A record of AWS WAF."""
    return json.dumps(
        {
            "timestamp": int(at.timestamp() * 1000),
            "formatVersion": 1,
            "webaclId": "arn:aws:wafv2:ap-northeast-2:111122223333:regional/webacl/leh/1",
            "terminatingRuleId": "rate-of-uploads",
            "terminatingRuleType": "RATE_BASED",
            "action": action,
            "ruleGroupList": [],
            "httpRequest": {
                "clientIp": ip,
                "country": "KR",
                "headers": [{"name": "Host", "value": "leh"}, {"name": "User-Agent", "value": BROWSER}],
                "uri": path,
                "args": "",
                "httpVersion": "HTTP/1.1",
                "httpMethod": method,
                "requestId": "1",
            }
            | asked,
            "labels": [{"name": "awswaf:clientip:geo:country:KR"}],
        }
    )
