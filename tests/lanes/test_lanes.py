"""The lanes of `make test`: nothing is left out, nothing is run twice, and a lane that fails fails the whole."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.lanes.__main__ import PARTS, PATIENT, ROOT, commands, lanes, side_by_side
from tests.support.process import wait_for


def collected(folder: Path, arguments: list[str]) -> list[str]:
    """Return the test files that pytest finds."""
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-qq", "--collect-only", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(line.partition(":")[0] for line in found.stdout.splitlines() if line.startswith("tests/"))


def test_each_file_is_in_one_lane(tmp_path: Path) -> None:
    """A file is its lane's that names the nearest path above it, in whichever part; what nobody names is the last one's."""
    files = ["tests/a/test_1.py", "tests/a/b/test_2.py", "tests/a/b/test_6.py", "tests/c/test_3.py"]
    files += ["tests/c/test_4.py", "tests/new/test_5.py"]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("def test(): pass\n")
    made = lanes(
        {"one": [["tests/a/b", "tests/c/test_3.py"], ["tests/a"]], "two": [["tests"], ["tests/a/b/test_6.py"]]}
    )
    assert [[collected(tmp_path, lane) for lane in part] for part in made.values()] == [
        [["tests/a/b/test_2.py", "tests/c/test_3.py"], ["tests/a/test_1.py"]],
        [["tests/c/test_4.py", "tests/new/test_5.py"], ["tests/a/b/test_6.py"]],
    ]


def test_every_file_of_ours_is_in_one_lane() -> None:
    """The paths are there, those of a lane are not within each other, and one lane has what nobody names."""
    named = [lane for part in PARTS.values() for lane in part]
    assert all((ROOT / path).exists() for lane in named for path in lane)
    assert not [
        one for lane in named for one in lane for other in lane if one != other and Path(one).is_relative_to(other)
    ]
    assert Counter(path for lane in named for path in lane).most_common(1)[0][1] == 1
    assert ("tests",) in named


@pytest.mark.parametrize("codes", [[0, 0], [1, 0], [0, 2], [5, 1]])
def test_each_end_is_told_and_the_output_in_order(codes: list[int]) -> None:
    """The exit codes are the lanes' own; the second's lines follow the first's, though both run at the same time."""
    program = "import sys; print('a', sys.argv[1]); print('b', sys.argv[1], file=sys.stderr, flush=True); sys.exit({})"
    out = io.BytesIO()
    commands = [[sys.executable, "-uc", program.format(code), str(n)] for n, code in enumerate(codes)]
    assert side_by_side(commands, out) == codes
    assert out.getvalue().decode() == "a 0\nb 0\na 1\nb 1\n"


def test_they_run_side_by_side(tmp_path: Path) -> None:
    """Each waits for the other."""
    program = "import os, sys\nopen(sys.argv[1], 'w').write('x') if sys.argv[3] == 'w' else open(sys.argv[1]).read()\n"
    program += "open(sys.argv[2]).read() if sys.argv[3] == 'w' else open(sys.argv[2], 'w').write('x')"
    pipes = [str(tmp_path / name) for name in "ab"]
    for pipe in pipes:
        os.mkfifo(pipe)
    commands = [[sys.executable, "-c", program, *pipes, role] for role in "wr"]
    assert side_by_side(commands, io.BytesIO()) == [0, 0]


def test_what_only_reckons_gets_what_the_others_leave() -> None:
    """The patient part is at the lowest priority, all others at that of who asks."""
    assert next(iter(PARTS)) == PATIENT
    program = [sys.executable, "-c", "import os; print(os.nice(0))"]
    for name, niceness in ((PATIENT, 19), ("the rest", os.nice(0))):
        out = io.BytesIO()
        assert side_by_side(commands(name, [["tests"]], program), out) == [0]
        assert int(out.getvalue()) == niceness


@pytest.mark.parametrize("fails", ["patient", "other"])
def test_the_patient_part_lasts_as_long_as_it_needs(tmp_path: Path, fails: str) -> None:
    """It begins before the others and may end after them; whichever fails fails the whole."""
    program = (
        "import sys, pathlib, time\n"
        "here, name = pathlib.Path(sys.argv[-1]), sys.argv[-2]\n"
        "while name == 'other' and not (here / 'begun').exists(): time.sleep(0.01)\n"
        "(here / 'begun').touch()\n"
        "while name == 'patient' and not (here / 'over').exists(): time.sleep(0.01)\n"
        "(here / 'over').touch()\n"
        f"sys.exit(name == '{fails}')"
    )
    whole = (
        "import sys, tests.lanes.__main__ as lanes\n"
        f"lanes.lanes = lambda: {{lanes.PATIENT: [['patient', {str(tmp_path)!r}]], 'one': [['other', {str(tmp_path)!r}]]}}\n"
        f"lanes._PYTEST = [sys.executable, '-c', {program!r}]\n"
        "sys.exit(lanes.main([]))"
    )
    ended = subprocess.run([sys.executable, "-c", whole], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert f"{'the simulation' if fails == 'patient' else 'one'}: lanes failed (1)" in ended.stdout


def test_what_stops_the_whole_stops_the_lanes(tmp_path: Path) -> None:
    """SIGTERM leaves no lane behind."""
    program = (
        "import sys, tests.lanes.__main__ as lanes\n"
        "lane = [sys.executable, '-c', 'import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)']\n"
        "lanes.lanes = lambda: {'part': []}\n"
        "lanes.side_by_side = lambda _, out, run=lanes.side_by_side: run([lane], out)\n"
        "sys.exit(lanes.main([]))"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as whole:
        assert whole.stdout is not None
        lane = int(whole.stdout.readline())
        whole.send_signal(signal.SIGTERM)
        assert whole.wait(30) == 128 + signal.SIGTERM
    wait_for(lambda: not Path(f"/proc/{lane}").exists())
