"""`python -m tests.support.sqs_server --port N`: the SQS server as a process; its URL is the first line that it prints."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.support.sqs_server.control import ControlledServer


def main() -> None:
    """Serve until stopped, told to end, or left by whoever holds its standard input (with --with-parent)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--with-parent", action="store_true")
    given = parser.parse_args()
    with ControlledServer(given.port, seed=given.seed) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stopped.set())
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        if given.with_parent:
            sys.stdin.buffer.read()
        else:
            server.stopped.wait()


if __name__ == "__main__":
    main()
