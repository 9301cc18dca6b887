"""The gate is one file that can be copied into a worker: this is what makes it so."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import leh_guardian

FILE = Path(leh_guardian.__file__).with_name("gate.py")
TREE = ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 9))


def _imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "nothing beside it is copied"
            found.add((node.module or "").partition(".")[0])
    return found


def test_it_needs_nothing_but_boto3() -> None:
    """Beside the standard library it imports the boto3 that Lambda has, and that inside a function, once it is needed."""
    lazily = {name for node in ast.walk(TREE) if isinstance(node, ast.FunctionDef) for name in _imported(node)}
    assert _imported(TREE) - lazily <= sys.stdlib_module_names
    assert lazily == {"boto3", "botocore"}


def test_older_pythons_can_read_it() -> None:
    """Its annotations, which Python 3.9 could not evaluate, are never evaluated."""
    [first] = [node for node in TREE.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert [alias.name for alias in first.names] == ["annotations"]


def test_its_clients_give_up_soon() -> None:
    """Seconds, and no repetition of the SDK's: a worker has fifteen minutes for everything."""
    [config] = [node for node in ast.walk(TREE) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Config"]
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in config.keywords}
    assert given["connect_timeout"] + given["read_timeout"] <= 5
    assert given["retries"] == {"total_max_attempts": 1}
