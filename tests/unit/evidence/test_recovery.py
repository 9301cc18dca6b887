"""The proposal of a point-in-time recovery: commands that the AWS CLI and a shell take, and a price."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest
from botocore import xform_name

from leh_guardian.evidence import repair
from leh_guardian.evidence.inventory import Inventory
from leh_guardian.ports import TableBackups

NOW = datetime(2026, 11, 27, 14, 3, 20, tzinfo=UTC)
GONE = frozenset(f"ev_{number}" for number in range(100))
SEEN = Inventory("case_3f9c", GONE, 0, {}, frozenset(), None, searched=True)


def proposed(table: str = "leh-evidence", **more: object) -> dict[str, object]:
    """Return the proposal for a table of ten GB that was cleared an hour ago."""
    given = {"enabled": True, "earliest": NOW - timedelta(days=35), "latest": NOW - timedelta(minutes=5)} | more
    backups = TableBackups(size=10 * 1024**3, **given)  # type: ignore[arg-type]
    return repair.recovery(SEEN, table, backups, NOW - timedelta(hours=1), NOW, repair.Prices())


@pytest.mark.parametrize("table", ["leh-evidence", "leh_evidence.prod", "t" * 255])
def test_the_commands_are_the_aws_clis(table: str) -> None:
    """A shell reads them; operations and options are the service's, and the other table's name is one that DynamoDB takes."""
    model = botocore.session.get_session().get_service_model("dynamodb")
    operations = {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
    commands = proposed(table)["commands"]
    assert isinstance(commands, list)
    script = "\n".join(commands)
    subprocess.run(["bash", "-n"], input=script.encode(), check=True)
    called = list[str]()
    for line in re.findall(r"aws dynamodb .*?(?=; done|>|\n|$)", script):
        _, _, operation, *words = shlex.split(line)
        called.append(operation)
        if operation == "wait":
            assert words[0] == "table-exists"
            operation, words = "describe-table", words[1:]
        takes = {f"--{xform_name(name, '-')}" for name in operations[operation].input_shape.members} | {"--output"}
        assert {word for word in words if word.startswith("--")} <= takes, line
    assert called == ["restore-table-to-point-in-time", "wait", "scan", "put-item", "delete-table"]
    [target] = set(re.findall(r"--target-table-name (\S+)", script))
    assert re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", target)
    assert target != table
    # The last one deletes what was made, and nothing else.
    assert script.endswith(f"aws dynamodb delete-table --table-name {target}")
    assert "--restore-date-time 2026-11-27T13:02:20+00:00" in script


def test_it_has_its_price_beside_reprocessing() -> None:
    """By the whole table's size; an hour back is a minute before the closing."""
    found = proposed()
    assert (found["usd"], found["table_bytes"]) == (1.71, 10 * 1024**3)
    said = repair.said(found, SEEN, repair.Prices()).ko
    assert "재처리 100건 약 $5.00" in said
    assert "약 $1.71" in said


def test_why_it_cannot_be_had() -> None:
    """It is off, or what is kept begins after the closing; one that lies too near to now has to wait."""
    assert proposed(enabled=False)["why_not"] == "point-in-time recovery is off"
    assert "nothing is kept" in str(proposed(earliest=NOW)["why_not"])
    assert "wait" in proposed(latest=NOW - timedelta(hours=2))
