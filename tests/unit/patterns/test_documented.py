"""What AWS documents, operator by operator: the rows that a reader of the documentation would write."""

from __future__ import annotations

import pytest

from tests.unit.patterns.rows import Row, check

ROWS = [
    Row("docs", '{"Location": ["New York"], "Day": ["Monday"]}', '{"Location": "New York", "Day": "Monday"}', True),
    Row("docs", '{"Location": ["New York"], "Day": ["Monday"]}', '{"Location": "New York", "Day": "Friday"}', False),
    Row("docs", '{"state": ["a", "b"]}', '{"state": "b"}', True),
    Row("docs", '{"state": ["a", "b"]}', '{"state": "c"}', False),
    Row("docs", '{"resources": ["x", "y"]}', '{"resources": ["y", "z"]}', True),
    Row("docs", '{"LastName": [""]}', '{"LastName": ""}', True),
    Row("docs", '{"UserID": [null]}', '{"UserID": null}', True),
    Row("docs", '{"UserID": [null]}', '{"UserID": ""}', False),
    Row("docs", '{"state": [{"anything-but": "initializing"}]}', '{"state": "running"}', True),
    Row("docs", '{"state": [{"anything-but": "initializing"}]}', '{"state": "initializing"}', False),
    Row("docs", '{"state": [{"anything-but": ["stopped", "overloaded"]}]}', '{"state": "overloaded"}', False),
    Row("docs", '{"x-limit": [{"anything-but": [100, 200]}]}', '{"x-limit": 300}', True),
    Row("docs", '{"x-limit": [{"anything-but": [100, 200]}]}', '{"x-limit": 200.0}', False),
    Row("docs", '{"Region": [{"anything-but": {"prefix": "us-"}}]}', '{"Region": "eu-west-1"}', True),
    Row("docs", '{"Region": [{"anything-but": {"prefix": "us-"}}]}', '{"Region": "us-east-1"}', False),
    Row("docs", '{"Region": [{"anything-but": {"prefix": ["us-", "eu-"]}}]}', '{"Region": "eu-west-1"}', False),
    Row("docs", '{"File": [{"anything-but": {"suffix": ".png"}}]}', '{"File": "a.txt"}', True),
    Row("docs", '{"File": [{"anything-but": {"suffix": [".png", ".jpg"]}}]}', '{"File": "a.jpg"}', False),
    Row("docs", '{"state": [{"anything-but": {"equals-ignore-case": "init"}}]}', '{"state": "INIT"}', False),
    Row("docs", '{"state": [{"anything-but": {"equals-ignore-case": ["init", "x"]}}]}', '{"state": "y"}', True),
    Row("docs", '{"Path": [{"anything-but": {"wildcard": "*/lib/*"}}]}', '{"Path": "/usr/lib/x"}', False),
    Row("docs", '{"Path": [{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}]}', '{"Path": "/home/x"}', True),
    Row("docs", '{"Region": [{"prefix": "us-"}]}', '{"Region": "us-east-1"}', True),
    Row("docs", '{"Region": [{"prefix": "us-"}]}', '{"Region": "eu-us-1"}', False),
    Row("docs", '{"service": [{"prefix": {"equals-ignore-case": "eventb"}}]}', '{"service": "EventBridge"}', True),
    Row("docs", '{"service": [{"prefix": {"equals-ignore-case": "eventb"}}]}', '{"service": "event"}', False),
    Row("docs", '{"File": [{"suffix": ".png"}]}', '{"File": "a.png"}', True),
    Row("docs", '{"File": [{"suffix": ".png"}]}', '{"File": "a.PNG"}', False),
    Row("docs", '{"service": [{"suffix": {"equals-ignore-case": "tbridge"}}]}', '{"service": "EVENTBRIDGE"}', True),
    Row("docs", '{"service": [{"suffix": {"equals-ignore-case": "tbridge"}}]}', '{"service": "bridge"}', False),
    Row("docs", '{"Name": [{"equals-ignore-case": "alice"}]}', '{"Name": "ALICE"}', True),
    Row("docs", '{"Name": [{"equals-ignore-case": "alice"}]}', '{"Name": "alices"}', False),
    Row("docs", '{"Price": [{"numeric": ["=", 100]}]}', '{"Price": 100}', True),
    Row("docs", '{"Price": [{"numeric": [">", 10, "<=", 20]}]}', '{"Price": 20}', True),
    Row("docs", '{"Price": [{"numeric": [">", 10, "<=", 20]}]}', '{"Price": 10}', False),
    Row("docs", '{"Price": [{"numeric": [">=", 10, "<", 20]}]}', '{"Price": 10}', True),
    Row("docs", '{"Price": [{"numeric": [">=", 10, "<", 20]}]}', '{"Price": 20}', False),
    Row("docs", '{"Price": [{"numeric": ["<", 10]}]}', '{"Price": -5.5}', True),
    Row("docs", '{"Price": [{"numeric": ["<=", 10]}]}', '{"Price": 10.5}', False),
    Row("docs", '{"ip": [{"cidr": "10.0.0.0/24"}]}', '{"ip": "10.0.0.255"}', True),
    Row("docs", '{"ip": [{"cidr": "10.0.0.0/24"}]}', '{"ip": "10.0.1.0"}', False),
    Row("docs", '{"ip": [{"cidr": "2001:db8::/32"}]}', '{"ip": "2001:db8:1::5"}', True),
    Row("docs", '{"Name": [{"exists": true}]}', '{"Name": "x"}', True),
    Row("docs", '{"Name": [{"exists": true}]}', '{"Other": "x"}', False),
    Row("docs", '{"Name": [{"exists": false}]}', '{"Other": "x"}', True),
    Row("docs", '{"Name": [{"exists": false}]}', '{"Name": "x"}', False),
    Row(
        "docs",
        '{"Arn": [{"wildcard": "arn:aws:*:us-east-1:*:event-bus/*"}]}',
        '{"Arn": "arn:aws:events:us-east-1:1:event-bus/x"}',
        True,
    ),
    Row("docs", '{"Path": [{"wildcard": "/home/*/x.txt"}]}', '{"Path": "/home/a/b/x.txt"}', True),
    Row("docs", '{"Path": [{"wildcard": "/home/*/x.txt"}]}', '{"Path": "/home/x.txt"}', False),
    Row("docs", '{"$or": [{"Location": ["New York"]}, {"Day": ["Monday"]}]}', '{"Day": "Monday"}', True),
    Row("docs", '{"$or": [{"Location": ["New York"]}, {"Day": ["Monday"]}]}', '{"Day": "Friday"}', False),
    Row(
        "docs",
        '{"detail": {"$or": [{"a": [1]}, {"b": [{"numeric": ["<", 3]}]}], "c": [true]}}',
        '{"detail": {"b": 2, "c": true}}',
        True,
    ),
    Row(
        "docs",
        '{"detail": {"$or": [{"a": [1]}, {"b": [{"numeric": ["<", 3]}]}], "c": [true]}}',
        '{"detail": {"b": 2, "c": false}}',
        False,
    ),
]


@pytest.mark.parametrize("row", ROWS)
def test_documented(row: Row) -> None:
    """Each operator does what AWS documents of it."""
    check(row)
