"""Owns the events of the matching benchmark: four families in the sizes and shapes in which services send them.

The one rule: everything comes from one seed, so that two runs, and two engines, are asked the same.
"""

from __future__ import annotations

import random
from typing import Any

import orjson

SERVICES = [f"leh-{name}" for name in ("ai-worker", "api", "upload", "billing", "indexer", "notify", "audit", "web")]
METRICS = ["dlq-depth", "errors", "latency-p99", "throttles", "cpu", "memory", "5xx", "age-of-oldest"]
REGIONS = ["ap-northeast-2", "ap-northeast-1", "us-east-1", "eu-west-1"]
BUCKETS = [f"leh-evidence-{name}" for name in ("prod", "stage", "archive", "tmp", "export")]
CALLS = [
    "PutObject",
    "DeleteBucket",
    "RunInstances",
    "AssumeRole",
    "CreateUser",
    "GetObject",
    "PutRolePolicy",
    "StopLogging",
]
TIERS = ["free", "basic", "pro", "firm", "enterprise"]
COUNTRIES = ["KR", "JP", "US", "DE", "GB", "FR", "SG", "VN"]
METADATA = [
    "case",
    "owner",
    "hash",
    "chain",
    "device",
    "court",
    "exhibit",
    "language",
    "retention",
    "uploader",
    "origin",
]
METADATA += [f"part-{n}" for n in range(6)]
KINDS = ["png", "pdf", "mp3", "mp4", "docx", "hwp", "eml", "txt"]


def make_bodies(count: int, seed: int = 20261126) -> list[bytes]:
    """Return `count` events as JSON text: a third alarms, a third orders, the rest S3 and CloudTrail in halves."""
    chance = random.Random(seed)
    makers = [alarm, alarm, order, order, stored_object, api_call]
    return [orjson.dumps(makers[number % 6](chance)) for number in range(count)]


def _envelope(chance: random.Random, source: str, detail_type: str, resource: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": f"{chance.getrandbits(128):032x}",
        "detail-type": detail_type,
        "source": source,
        "account": "111122223333",
        "time": f"2026-11-{chance.randint(1, 30):02d}T{chance.randint(0, 23):02d}:17:44Z",
        "region": chance.choice(REGIONS),
        "resources": [resource],
    }


def alarm(chance: random.Random) -> dict[str, Any]:
    """Return a CloudWatch alarm's change of state."""
    name = f"{chance.choice(SERVICES)}-{chance.choice(METRICS)}-{chance.randrange(200):03d}"
    reading = f"{chance.random() * 100:.1f}"
    reason = (
        f"Threshold Crossed: 1 out of the last 1 datapoints [{reading} (26/11/26 17:58:00)] was greater than or equal to "
        "the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    data = orjson.dumps({
        "version": "1.0",
        "queryDate": "2026-11-26T17:58:44.000+0000",
        "statistic": "Maximum",
        "period": 60,
        "recentDatapoints": [float(reading)],
        "evaluatedDatapoints": [{"timestamp": "2026-11-26T17:58:00.000+0000", "sampleCount": 1.0, "value": float(reading)}],
        "threshold": 1.0,
    })  # fmt: skip
    state = {"reason": reason, "reasonData": data.decode(), "timestamp": "2026-11-26T17:58:44.000+0000"}
    return {
        **_envelope(chance, "aws.cloudwatch", "CloudWatch Alarm State Change", f"arn:aws:cloudwatch:x:1:alarm:{name}"),
        "detail": {
            "alarmName": name,
            "configuration": {
                "description": f"Watches {name} and tells the person on call when it leaves its band for long enough",
                "metrics": [
                    {
                        "id": f"m{chance.randrange(9)}",
                        "metricStat": {
                            "metric": {
                                "dimensions": {"QueueName": f"{name}-dlq"},
                                "name": chance.choice(["ApproximateNumberOfMessagesVisible", "Errors", "Duration"]),
                                "namespace": chance.choice(["AWS/SQS", "AWS/Lambda", "AWS/RDS"]),
                            },
                            "period": chance.choice([60, 300]),
                            "stat": "Maximum",
                        },
                        "returnData": True,
                    }
                ],
            },
            "previousState": {**state, "value": chance.choice(["OK", "INSUFFICIENT_DATA"])},
            "state": {**state, "value": chance.choice(["ALARM", "ALARM", "OK"])},
        },
    }


def order(chance: random.Random) -> dict[str, Any]:
    """Return an order, whose items are an array of objects and whose tags an array of texts."""
    customer = chance.randrange(2500)
    items = [
        {
            "sku": f"SKU-{chance.randrange(3000):05d}",
            "quantity": chance.randint(1, 20),
            "price": chance.randint(100, 90_000) / 100,
            "category": chance.choice(["storage", "seat", "analysis", "export"]),
            "title": "Evidence package, one year, with chain of custody",
            "discount": {"code": None, "percent": chance.randrange(30), "reason": "volume"},
        }
        for _ in range(chance.randint(1, 6))
    ]
    return {
        **_envelope(chance, "shop.orders", chance.choice(["Order Placed", "Order Paid"]), f"order/{customer}"),
        "detail": {
            "orderId": f"ORD-{chance.randrange(100_000):06d}",
            "customer": {
                "id": f"cust-{customer:05d}",
                "email": f"Kim.{customer}@{chance.choice(['Example', 'example'])}.com",
                "tier": chance.choice(TIERS),
                "country": chance.choice(COUNTRIES),
                "ip": f"10.{chance.randrange(64)}.{chance.randrange(256)}.{chance.randrange(256)}",
            },
            "total": chance.randint(100, 1_000_000) / 100,
            "currency": "KRW",
            "shipping": {
                "city": "Seoul",
                "street": "Seocho-daero 219",
                "postcode": "06590",
                "method": "digital",
                "cost": 0,
            },
            "items": items,
            "payment": {
                "method": chance.choice(["card", "transfer", "points"]),
                "status": chance.choice(["paid", "due"]),
            },
            "tags": [chance.choice(["gift", "rush", "bulk", "trial", "renewal"]) for _ in range(chance.randint(0, 3))],
            "coupon": None if chance.random() < 0.5 else f"C{chance.randrange(200)}",
            "note": "Please call before delivery; the office is closed on public holidays and between twelve and one. "
            * 4,
            "client": {
                "agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0",
                "session": f"{chance.getrandbits(256):064x}",
                "campaign": {"source": "newsletter", "medium": "email", "term": None},
            },
        },
    }


def stored_object(chance: random.Random) -> dict[str, Any]:
    """Return an S3 object-created event, with the metadata that an uploader adds."""
    case, evidence = chance.randrange(4000), f"ev_{chance.getrandbits(20):05x}"
    key = f"cases/case_{case:04x}/raw/{evidence}_recording-{chance.randrange(30):02d}.{chance.choice(KINDS)}"
    bucket = chance.choice(BUCKETS)
    return {
        **_envelope(chance, "aws.s3", "Object Created", f"arn:aws:s3:::{bucket}"),
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": chance.randrange(10_000_000),
                "etag": f"{chance.getrandbits(128):032x}",
                "version-id": f"{chance.getrandbits(96):024x}",
                "sequencer": f"{chance.getrandbits(72):018X}",
            },
            "request-id": f"{chance.getrandbits(64):016X}",
            "requester": "111122223333",
            "source-ip-address": f"172.{chance.randint(16, 31)}.{chance.randrange(256)}.{chance.randrange(256)}",
            "reason": chance.choice(["PutObject", "CompleteMultipartUpload", "CopyObject"]),
            "metadata": {f"x-amz-meta-{n}": f"{chance.getrandbits(160):040x}" for n in METADATA},
        },
    }


def api_call(chance: random.Random) -> dict[str, Any]:
    """Return a CloudTrail record of an API call, a third of them failed."""
    user, call = chance.randrange(150), chance.choice(CALLS)
    service = chance.choice(["s3", "ec2", "iam", "sts", "cloudtrail"])
    failed = {"errorCode": "AccessDenied", "errorMessage": "not authorized"} if chance.random() < 0.3 else {}
    arn = f"arn:aws:iam::111122223333:user/ops/user-{user:03d}"
    return {
        **_envelope(chance, f"aws.{service}", "AWS API Call via CloudTrail", arn),
        "detail": {
            "eventVersion": "1.09",
            "userIdentity": {
                "type": chance.choice(["IAMUser", "AssumedRole", "Root"]),
                "principalId": f"AIDA{chance.getrandbits(64):016X}",
                "arn": arn,
                "accountId": f"{111122223333 + chance.randrange(80)}",
                "userName": f"user-{user:03d}",
                "sessionContext": {
                    "attributes": {"mfaAuthenticated": "false", "creationDate": "2026-11-26T09:00:00Z"},
                    "sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::111122223333:role/r{chance.randrange(99)}"},
                },
            },
            "eventTime": "2026-11-26T09:01:02Z",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": call,
            "awsRegion": chance.choice(REGIONS),
            "sourceIPAddress": f"203.{chance.randrange(16)}.{chance.randrange(256)}.{chance.randrange(256)}",
            "userAgent": "aws-cli/2.31 md/awscrt#0.27 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13 m/E,b,Z",
            **failed,
            "requestParameters": {
                "bucketName": chance.choice(BUCKETS),
                "instanceType": chance.choice(["t3.micro", "m7g.large", "c7i.xlarge"]),
                "Host": "s3.ap-northeast-2.amazonaws.com",
                "acl": {
                    "grants": [{"grantee": f"{chance.getrandbits(128):032x}", "permission": "READ"}],
                    "owner": "leh",
                },
                "tagSet": {
                    "project": "leh",
                    "stage": "prod",
                    "cost-center": "evidence",
                    "owner": "platform@example.com",
                },
            },
            "responseElements": None,
            "requestID": f"{chance.getrandbits(128):032x}",
            "eventID": f"{chance.getrandbits(128):032x}",
            "readOnly": chance.random() < 0.5,
            "resources": [
                {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::x/{user}"},
                {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::x", "accountId": "111122223333"},
            ],
            "eventType": "AwsApiCall",
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": "s3.ap-northeast-2.amazonaws.com",
            },
            "managementEvent": True,
            "recipientAccountId": "111122223333",
            "eventCategory": "Management",
        },
    }
