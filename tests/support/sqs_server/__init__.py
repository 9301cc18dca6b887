"""An SQS over HTTP for tests, sound under concurrency and fast with many messages, which keeps a ledger of all that happened.

In a thread: `with SqsServer() as server: ...`. As a process: `with SqsProcess() as server: ...`.
"""

from tests.support.sqs_server.account import ACCOUNT, REGION
from tests.support.sqs_server.process import SqsProcess
from tests.support.sqs_server.server import SqsServer

__all__ = ["ACCOUNT", "REGION", "SqsProcess", "SqsServer"]
