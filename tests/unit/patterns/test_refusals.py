"""What is refused, in EventBridge's words, and where the fault is said to be."""

from __future__ import annotations

import math
from typing import Any

import pytest

from leh_guardian.patterns import PatternError, compile_pattern
from leh_guardian.patterns.errors import Where

MIXED = "Inside anything but list, either all values are number or string, mixed type is not supported"
NOT_A_VALUE = "Value of anything-but must be an array or single string/number value."
ONE_KEY = "Only one key allowed in match expression"
TOO_MANY = "Too many elements in numeric expression"
ANY_CASE_TEXT = "equals-ignore-case match pattern must be a string"
ANY_CASE_LIST = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
PLAIN_LIST = "Inside anything but list, start|null|boolean is not supported."
HUGE = "1e9999999999999999999"

# Study 4.13 and its table of validity; the wording is that of event-ruler's JsonRuleCompiler, as AWS repeats it.
REFUSALS: list[tuple[str, str, Where]] = [
    ("{}", "Empty objects are not allowed", ()),
    ('["x"]', "Filter is not an object", ()),
    ("1", "Filter is not an object", ()),
    ('{"a": {}}', "Empty objects are not allowed", ("a",)),
    ('{"a": []}', "Empty arrays are not allowed", ("a",)),
    ('{"a": "x"}', '"a" must be an object or an array', ("a",)),
    ('{"a": {"b": null}}', '"b" must be an object or an array', ("a", "b")),
    ('{"a": [["x"]]}', "Match value must be String, number, true, false, or null", ("a", 0)),
    ('{"a": ["x", {"prefix": "x", "suffix": "y"}]}', ONE_KEY, ("a", 1, "suffix")),
    ('{"a": [{"prefix": "x", "prefix": "y"}]}', ONE_KEY, ("a", 0, "prefix")),
    ('{"a": [{"regex": "x"}]}', "Unrecognized match type regex", ("a", 0, "regex")),
    ('{"a": [{"Prefix": "x"}]}', "Unrecognized match type Prefix", ("a", 0, "Prefix")),
    ('{"a": [{}]}', "Match expression name not found", ("a", 0)),
    ('{"a": [{"exactly": 1}]}', "exact match pattern must be a string", ("a", 0, "exactly")),
    ('{"a": [{"exists": "true"}]}', "exists match pattern must be either true or false.", ("a", 0, "exists")),
    ('{"a": [{"prefix": ["x"]}]}', "prefix match pattern must be a string", ("a", 0, "prefix")),
    ('{"a": [{"prefix": {}}]}', "Prefix expression name not found", ("a", 0, "prefix")),
    ('{"a": [{"prefix": {"wildcard": "x"}}]}', "Unsupported prefix pattern: wildcard", ("a", 0, "prefix", "wildcard")),
    ('{"a": [{"suffix": 1}]}', "suffix match pattern must be a string", ("a", 0, "suffix")),
    ('{"a": [{"suffix": {"x": "x"}}]}', "Unsupported suffix pattern: x", ("a", 0, "suffix", "x")),
    ('{"a": [{"suffix": {"equals-ignore-case": 1}}]}', ANY_CASE_TEXT, ("a", 0, "suffix", "equals-ignore-case")),
    ('{"a": [{"suffix": {"equals-ignore-case": "x", "y": 1}}]}', ONE_KEY, ("a", 0, "suffix", "y")),
    ('{"a": [{"equals-ignore-case": ["x"]}]}', ANY_CASE_TEXT, ("a", 0, "equals-ignore-case")),
    ('{"a": [{"wildcard": ["a*"]}]}', "wildcard match pattern must be a string", ("a", 0, "wildcard")),
    ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters at pos 2", ("a", 0, "wildcard")),
    ('{"a": [{"wildcard": "é**"}]}', "Consecutive wildcard characters at pos 3", ("a", 0, "wildcard")),
    (r'{"a": [{"wildcard": "a\\b"}]}', "Invalid escape character at pos 2", ("a", 0, "wildcard")),
    (r'{"a": [{"wildcard": "a\\"}]}', "Invalid escape character at pos 2", ("a", 0, "wildcard")),
    ('{"a": [{"cidr": ["10.0.0.0/8"]}]}', "prefix match pattern must be a string", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "10.0.0.0"}]}', "Malformed CIDR, one '/' required", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "10.0.0.0/8/8"}]}', "Malformed CIDR, one '/' required", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "10.0.0.0/"}]}', "Malformed CIDR, one '/' required", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "10.0.0.0/x"}]}', "Malformed CIDR, mask bits must be an integer", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "10.0.0.0/-1"}]}', "Malformed CIDR, mask bits must not be negative", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "10.0.0.5/32"}]}', "IPv4 mask bits must be < 32", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "::1/128"}]}', "IPv6 mask bits must be < 128", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "fe80::1%eth0/64"}]}', "Nonstandard IP address: fe80::1%eth0", ("a", 0, "cidr")),
    ('{"a": [{"cidr": "10.0.0.256/8"}]}', "Invalid IP address: 10.0.0.256", ("a", 0, "cidr")),
    ('{"a": [{"numeric": 5}]}', "Value of numeric must be an array.", ("a", 0, "numeric")),
    ('{"a": [{"numeric": []}]}', "Invalid member in numeric match: ]", ("a", 0, "numeric")),
    ('{"a": [{"numeric": [5]}]}', "Invalid member in numeric match: 5", ("a", 0, "numeric", 0)),
    ('{"a": [{"numeric": [true]}]}', "Invalid member in numeric match: true", ("a", 0, "numeric", 0)),
    ('{"a": [{"numeric": ["!", 5]}]}', "Unrecognized numeric range operator: !", ("a", 0, "numeric", 0)),
    ('{"a": [{"numeric": ["=", "5"]}]}', "Value of equals must be numeric", ("a", 0, "numeric", 1)),
    ('{"a": [{"numeric": [">="]}]}', "Value of >= must be numeric", ("a", 0, "numeric")),
    ('{"a": [{"numeric": ["<", 10, ">", 1]}]}', TOO_MANY, ("a", 0, "numeric", 2)),
    ('{"a": [{"numeric": [">", 1, 5]}]}', "Bad value in numeric range: 5", ("a", 0, "numeric", 2)),
    ('{"a": [{"numeric": [">", 1, null]}]}', "Bad value in numeric range: null", ("a", 0, "numeric", 2)),
    ('{"a": [{"numeric": [">", 1, {}]}]}', "Bad value in numeric range: {", ("a", 0, "numeric", 2)),
    ('{"a": [{"numeric": [">", 1, []]}]}', "Bad value in numeric range: [", ("a", 0, "numeric", 2)),
    ('{"a": [{"numeric": [">", 1, "=", 5]}]}', "Bad numeric range operator: =", ("a", 0, "numeric", 2)),
    ('{"a": [{"numeric": [">", 1, "<"]}]}', "Value of < must be numeric", ("a", 0, "numeric")),
    ('{"a": [{"numeric": [">", 1, "<", 5, 6]}]}', "Too many terms in numeric range expression", ("a", 0, "numeric", 4)),
    ('{"a": [{"numeric": [">", 5, "<", 5]}]}', "Bottom must be less than top", ("a", 0, "numeric")),
    ('{"a": [{"numeric": [">", 1e400]}]}', "Cannot compare number : 1e400", ("a", 0, "numeric", 1)),
    (f'{{"a": [{{"numeric": [">", {HUGE}]}}]}}', f"Cannot compare number : {HUGE}", ("a", 0, "numeric", 1)),
    (f'{{"a": [{{"numeric": [">", -{HUGE}]}}]}}', f"Cannot compare number : -{HUGE}", ("a", 0, "numeric", 1)),
    ('{"a": [{"numeric": ["=", 1], "x": 1}]}', TOO_MANY, ("a", 0, "x")),
    ('{"a": [{"anything-but": ["x", 1]}]}', MIXED, ("a", 0, "anything-but")),
    ('{"a": [{"anything-but": []}]}', MIXED, ("a", 0, "anything-but")),
    ('{"a": [{"anything-but": null}]}', NOT_A_VALUE, ("a", 0, "anything-but")),
    ('{"a": [{"anything-but": true}]}', NOT_A_VALUE, ("a", 0, "anything-but")),
    ('{"a": [{"anything-but": [{"prefix": "x"}]}]}', PLAIN_LIST, ("a", 0, "anything-but", 0)),
    ('{"a": [{"anything-but": 9007199254740993}]}', "Cannot compare number : 9007199254740993", ("a", 0, "anything-but")),
    ('{"a": [{"anything-but": {}}]}', "Anything-But expression name not found", ("a", 0, "anything-but")),
    ('{"a": [{"anything-but": {"exists": true}}]}', "Unsupported anything-but pattern: exists", ("a", 0, "anything-but", "exists")),
    ('{"a": [{"anything-but": {"cidr": "x"}}]}', "Unsupported anything-but pattern: cidr", ("a", 0, "anything-but", "cidr")),
    ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed", ("a", 0, "anything-but", "prefix")),
    ('{"a": [{"anything-but": {"suffix": ["x", ""]}}]}', "Null prefix/suffix not allowed", ("a", 0, "anything-but", "suffix", 1)),
    ('{"a": [{"anything-but": {"prefix": []}}]}', "Empty arrays are not allowed", ("a", 0, "anything-but", "prefix")),
    ('{"a": [{"anything-but": {"prefix": 1}}]}', "prefix/suffix match pattern must be a string", ("a", 0, "anything-but", "prefix")),
    ('{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}', NOT_A_VALUE, ("a", 0, "anything-but", "prefix")),
    ('{"a": [{"anything-but": {"equals-ignore-case": 1}}]}', ANY_CASE_LIST, ("a", 0, "anything-but", "equals-ignore-case")),
    ('{"a": [{"anything-but": {"wildcard": 1}}]}', "wildcard match pattern must be a string", ("a", 0, "anything-but", "wildcard")),
    ('{"a": [{"anything-but": {"wildcard": "**"}}]}', "Consecutive wildcard", ("a", 0, "anything-but", "wildcard")),
    ('{"a": [{"anything-but": {"prefix": "x", "suffix": "y"}}]}', TOO_MANY, ("a", 0, "anything-but", "suffix")),
    ('{"a": [1], "$or": [{"b": [1]}, {"c": [{"regex": "x"}]}]}', "Unrecognized match type regex", ("$or", 1, "c", 0, "regex")),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "reason", "path"), REFUSALS)
def test_refused(pattern: str, reason: str, path: Where) -> None:
    """A bad pattern is refused with EventBridge's reason and the place of the fault."""
    with pytest.raises(PatternError) as refusal:
        compile_pattern(pattern)
    assert reason in str(refusal.value)
    assert refusal.value.path == path


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ({"a": [math.nan]}, ("a", 0)),
        ({"a": {1: ["x"]}}, ("a",)),
        ({"a": [object()]}, ("a", 0)),
        pytest.param({"a": [10**5000]}, ("a", 0), id="long"),
        (["x"], ()),
        (None, ()),
        (b'{"a": ["\xff"]}', ()),
    ],
)
def test_refused_from_python(pattern: Any, path: Where) -> None:
    """What only a YAML loader or a program could hand over is refused as a pattern too, not with a TypeError."""
    with pytest.raises(PatternError) as refusal:
        compile_pattern(pattern)
    assert refusal.value.path == path


VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
COMMENT = (
    "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)"
)
NO_NAME = "was expecting double-quote to start field name"
NOT_STANDARD = "enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"

# Asked of event-ruler 2.1.0 with Jackson 2.22.
MALFORMED = [
    ("", "Filter is not an object"),
    ("{", "Unexpected end-of-input"),
    ('{"a":["x"]', "Unexpected end-of-input"),
    ('{"a":["abc', "Unexpected end-of-input: was expecting closing quote for a string value"),
    ('{"a":["x",]}', f"Unexpected character (']' (code 93)): expected a valid value {VALUES}"),
    ('{"a":["x"],}', f"Unexpected character ('}}' (code 125)): {NO_NAME}"),
    ('{a:["x"]}', f"Unexpected character ('a' (code 97)): {NO_NAME}"),
    ('{"a":[tru]}', f"Unrecognized token 'tru': was expecting {VALUES}"),
    ("junk", f"Unrecognized token 'junk': was expecting {VALUES}"),
    ('{"a":[.5]}', f"Unexpected character ('.' (code 46)): expected a valid value {VALUES}"),
    ('{"a" ["x"]}', "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value"),
    ('{"a":["]" "y"]}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Array entries"),
    ('{"a":["x"] "b":[1]}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries"),
    ('{"a":[1}', "Unexpected close marker '}': expected ']'"),
    ('{"a":{"b":[1]]}', "Unexpected close marker ']': expected '}'"),
    ('{"a":["x"] /* c */}', f"Unexpected character ('/' (code 47)): {COMMENT}"),
    (r'{"a":["\x"]}', "Unrecognized character escape 'x' (code 120)"),
    ('{"a":["\n"]}', "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash"),
    ('{"a":[NaN]}', f"Non-standard token 'NaN': {NOT_STANDARD}"),
    ('{"a":[-Infinity]}', f"Non-standard token '-Infinity': {NOT_STANDARD}"),
    ('{"a":["x"]} junk', "Pattern is not valid JSON: Extra data"),
    ('{"a":["\\', "Unexpected end-of-input: was expecting closing quote for a string value"),
    (r'{"a":["\u12"]}', "Pattern is not valid JSON: Invalid"),
]


@pytest.mark.parametrize(("pattern", "reason"), MALFORMED)
def test_no_json(pattern: str, reason: str) -> None:
    """Text that is no JSON is refused in the words of EventBridge's parser, as far as they are known."""
    with pytest.raises(PatternError) as refusal:
        compile_pattern(pattern)
    assert str(refusal.value).startswith(reason)


def test_dict_and_text_mean_the_same() -> None:
    """A dict compiles to the same alternatives as its JSON text, in bytes or str."""
    text = '{"a": ["x", 1, 1.5, true, null, {"numeric": [">", 2]}], "b": {"c": [{"anything-but": ["y"]}]}}'
    pattern = {"a": ["x", 1, 1.5, True, None, {"numeric": [">", 2]}], "b": {"c": [{"anything-but": ["y"]}]}}
    assert compile_pattern(text).alternatives == compile_pattern(pattern).alternatives
    assert compile_pattern(text.encode()).alternatives == compile_pattern(pattern).alternatives
