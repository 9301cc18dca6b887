"""Owns the AI worker's side of the circuit breaker; the one rule: work of a paused case is parked before anybody lets go of it.

One file, to be copied into the worker: it imports nothing of leh_guardian, and beside the standard library only the boto3 that
Lambda has, once it is needed. Python 3.9 and newer. docs/breaker.md is its contract with guardian, and shows it in a worker.
Every request ends within seconds. What cannot be parked raises `NotParked`: AWS then brings its message or invocation again.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote_plus

log = logging.getLogger("leh.gate")

CACHE_SECONDS = 5.0  # how long a circuit is believed, from before it was asked for, and what is away is left alone
_THROUGH = frozenset({"closed", "half_open", "forced_closed", "shadow"})
_KEY = re.compile(r"cases/([A-Za-z0-9][A-Za-z0-9_.-]{0,127})/raw/(ev_[A-Za-z0-9-]{1,120}|[A-Za-z0-9-]{1,120})_", re.A)
ITEM_BYTES = 400 * 1024 - 32  # the largest item of DynamoDB, but for its number; a message may be larger
_CASES, _EVENTS = 10_000, 1_000  # how many circuits and events of use are kept at most
_KEPT = 2 * 86_400  # seconds for which an hour's allowance is kept, where the table has a time to live on `expires`
_LITTLE = 5_000  # tokens: a smaller difference to an estimate waits for the case's next call, and costs no write


class Paused(BaseException):
    """The case may not spend now: park the work. No Exception, for a worker catches those of its own work and goes on."""


class NotParked(Exception):
    """The work could not be parked: leave its message in the queue, or let the invocation fail."""


@dataclass(frozen=True)
class Work:
    """A piece of work, and all that it takes to do it later. The names are those of the table of parked work."""

    case_id: str  # empty where the body names none: then only the fleet's circuit counts, and it cannot be parked
    evidence_id: str
    version: str
    origin: str
    body: str
    user_id: str | None = None
    sha256: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    group: str | None = None
    first_seen: str = ""
    receives: int = 1


@dataclass(frozen=True)
class Circuit:
    """What the breaker table says of a case, a user or the fleet."""

    name: str
    state: str = "closed"
    version: str = "0"
    until: datetime | None = None
    allowance: int | None = None
    reason: str = ""
    hourly: bool = False  # what a case may use in one hour: its item is made by whoever takes of it first

    def at(self, now: datetime) -> tuple[str, int | None]:
        """Return the state that holds then, and the tokens that are left (None: no limit). An unknown state pauses."""
        over = self.until is not None and now >= self.until
        state = {"half_open": "open", "forced_closed": "closed"}.get(self.state, self.state) if over else self.state
        return state, None if state == "forced_closed" else self.allowance


@dataclass
class Call:
    """One call to a provider that was let through. `outcome` may be set: `timeout`, `rate_limited` and so on."""

    tokens: tuple[int, int] | None = None
    outcome: str = ""
    request_id: str = field(default_factory=lambda: os.urandom(16).hex())

    def used(self, prompt_tokens: int, completion_tokens: int, request_id: str = "") -> None:
        """Say what it really used; 0, 0 for a call that cost nothing. Without this its whole estimate counts as spent."""
        self.tokens, self.request_id = (int(prompt_tokens), int(completion_tokens)), request_id or self.request_id


@dataclass
class Gate:
    """Reads circuits, reserves spend, parks work and records use. One for each container; threads may share it.

    `table` and `parked_table` as in docs/breaker.md; `key`, the first one's hash key, saves a DescribeTable. While it cannot be
    read, each case may spend `local_calls` calls and `local_tokens` tokens in this container, and is paused after that.
    """

    table: str
    parked_table: str
    key: str = ""
    bus: str = "default"
    local_tokens: int = 50_000
    local_calls: int = 10
    clock: Callable[[], float] = time.time  # noqa: TID251 - the worker has no other clock
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._seen: dict[tuple[str, ...], tuple[list[Circuit], float, float]] = {}  # at monotonic seconds, Unix time
        self._local: dict[str, tuple[int, int]] = {}  # {case: (calls, tokens)} since the store went away
        # Seconds: DynamoDB's clock ahead of ours; monotonic, until when DynamoDB and EventBridge are left alone.
        self._ahead = self._away_until = self._quiet_until = 0.0
        self._events: list[dict[str, Any]] = []
        self._owed: dict[Circuit, int] = {}  # {what a case may use in an hour: tokens that were reserved, not used}

    def check(self, case_id: str, user_id: str | None = None) -> None:
        """Return if the case may go on: at a job's start, and before its result is written. Raises Paused if not."""
        self._admit(case_id, user_id, 0)

    @contextmanager
    def call(self, work: Work, *, model: str, estimate: int, attempt: int = 1) -> Iterator[Call]:
        """Let one call to a provider through, its estimate in tokens reserved, or raise Paused; afterwards settle and record."""
        estimate = max(1, int(estimate))
        held = self._admit(work.case_id, work.user_id, estimate)
        # A call that was let through before a trial is none of the trial's, however late it ends.
        under = [int(one.version) for one in held if one.hourly or one.name.startswith("case#")]
        call, outcome = Call(), "error"
        try:
            yield call
            outcome = "unknown" if call.tokens is None else "ok"
        finally:
            self._settle(held, 0 if call.tokens is None else estimate - sum(call.tokens))
            said = {name: getattr(work, name) for name in ("case_id", "user_id", "evidence_id", "sha256")}
            said |= {"model": model, "outcome": call.outcome or outcome, "request_id": call.request_id}
            used = dict(zip(("prompt_tokens", "completion_tokens", "circuit"), (*(call.tokens or (0, 0)), *under)))
            self._tell({**{name: str(text)[:128] for name, text in said.items() if text}, **used, "attempt": attempt})

    def _tell(self, detail: dict[str, Any], kind: str = "TokenUsage") -> None:
        entry = {"Source": "leh.ai-worker", "DetailType": kind, "Detail": json.dumps(detail)}
        with self._lock:
            self._events.append({**entry, "Time": self._now(), "EventBusName": self.bus})
            if len(self._events) > _EVENTS:
                log.error("use not recorded, too much waits: %s", self._events.pop(0)["Detail"])
            full = len(self._events) >= 10 and self.monotonic() >= self._quiet_until
        if full:
            self.flush()

    def flush(self) -> None:
        """Send the events that wait, and wait for those that another thread sends. Never raises.

        Call it at the end of an invocation, before its message is deleted: a frozen container sends nothing.
        """
        came = self.monotonic()
        with self._sending:
            # What has failed while this one waited for its turn is not asked again: all end within seconds.
            if self._quiet_until < came + 6 * CACHE_SECONDS:
                self._send()

    def _send(self) -> None:
        with suppress(ConnectionError):
            for hour, owed in list(self._owed.items()):
                if abs(owed) >= _LITTLE and self.monotonic() >= self._away_until:
                    self._reserve(hour, 0, -(10**15))
        until = self.monotonic() + CACHE_SECONDS
        for _ in range(3):
            with self._lock:
                waiting, self._events = self._events, []
            for start in range(0, len(waiting), 10):
                failed = batch = waiting[start : start + 10]
                try:
                    if self.monotonic() < until:
                        answers = self._client("events").put_events(Entries=batch)["Entries"]
                        failed = [sent for sent, answer in zip(batch, answers) if "EventId" not in answer]
                        failed += batch[len(answers) :]
                except Exception as error:
                    until, self._quiet_until = 0.0, self.monotonic() + 6 * CACHE_SECONDS
                    log.warning("use cannot be recorded now: %s", error)
                with self._lock:
                    self._events.extend(failed)

    def park(self, work: Work, reason: str) -> None:
        """Put work of a paused case aside; only then delete its message, or return. Raises NotParked."""
        now = self._now().isoformat()
        said = {"evidence_id": work.evidence_id, "origin": work.origin, "body": work.body, "group": work.group}
        said.update(attributes=json.dumps(dict(work.attributes)) if work.attributes else None, reason=reason[:1000])
        # Whoever deletes an item deletes the copy that it has sent back: one that was parked meanwhile stays.
        said.update(parked_at=now, first_seen=work.first_seen or now, copy=os.urandom(16).hex())
        values = {name: {"S": value} for name, value in said.items() if value is not None}
        key = {"case_id": {"S": work.case_id}, "item": {"S": f"{work.evidence_id}#{work.version}"}}
        size = sum(len(f"{n}{v['S']}".encode("utf-8", "surrogatepass")) for n, v in (*key.items(), *values.items()))
        if not work.case_id or size > ITEM_BYTES:
            raise NotParked(f"{work.evidence_id} cannot be parked: it names no case, or is too large ({size} bytes)")
        values["receives"] = {"N": str(work.receives)}
        first = "#first_seen = if_not_exists(#first_seen, :first_seen)"
        changes = ", ".join(first if name == "first_seen" else f"#{name} = :{name}" for name in values)
        for tries in (3, 2, 1):
            try:
                self._client("dynamodb").update_item(
                    TableName=self.parked_table,
                    Key=key,
                    UpdateExpression=f"SET {changes}",
                    ExpressionAttributeNames={f"#{name}": name for name in values},
                    ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
                )
                log.warning("parked %s of %s: %s", key["item"]["S"], work.case_id, reason)
                break
            except Exception as error:
                if tries == 1:
                    raise NotParked(f"{work.evidence_id} cannot be parked: {error}") from error

    def _client(self, service: str) -> Any:
        """Return a client that gives up within seconds and repeats nothing: a repeated update would be a second one."""
        import boto3
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
                self._clients[service] = boto3.client(service, config=config)
            return self._clients[service]

    def _now(self) -> datetime:
        """Return the present instant by DynamoDB's clock: all workers end a lease at the same time."""
        return datetime.fromtimestamp(self.clock() + self._ahead, timezone.utc)

    def _admit(self, case_id: str, user_id: str | None, tokens: int) -> list[Circuit]:
        """Return the circuits at which `tokens` are now reserved; 0 is a mere look."""
        asked = ((f"case#{case_id}", case_id), (f"user#{user_id}", user_id), ("fleet", "fleet"), ("spend", case_id))
        names = tuple(name for name, there in asked if there)
        for _ in range(4):
            held: list[Circuit] = []
            try:
                circuits = self._refuse(self._circuits(names), 0)
                limited = [circuit for circuit in circuits if tokens and circuit.at(self._now())[1] is not None]
                while limited and self._reserve(limited[0], tokens, tokens):
                    held.append(limited.pop(0))
                if not limited:
                    self._local.pop(case_id if tokens else "", None)
                    return held
                self._settle(held, tokens)
                # Either it was changed meanwhile, or has no more: what it says now decides.
                if limited[0] in self._circuits(names, afresh=True) and limited[0].hourly:
                    self._tell({"case_id": case_id[:128], "tokens": tokens}, "AllowanceSpent")
                    raise Paused(f"{limited[0].name}: less than {tokens} tokens are left of what this hour allows")
                self._refuse(self._circuits(names), tokens)
            except ConnectionError as away:
                self._settle(held, tokens)
                self._refuse(self._seen.get(names, ([], 0.0, 0.0))[0], 0)
                self._on_own_account(case_id, tokens, away)
                return []
        raise Paused(f"{names[0]} changes too fast")

    def _refuse(self, circuits: list[Circuit], tokens: int) -> list[Circuit]:
        """Return `circuits`, or raise Paused where one is open, or has less than `tokens` left."""
        for circuit in circuits:
            state, left = circuit.at(self._now())
            if state not in _THROUGH or (left is not None and left < tokens):
                raise Paused(f"{circuit.name} is {state}, tokens left: {left}; {circuit.reason}")
        return circuits

    def _circuits(self, names: tuple[str, ...], *, afresh: bool = False) -> list[Circuit]:
        """Return circuits as they were at most five seconds ago, by both clocks: a frozen container may stop one of them."""
        at, wall = self.monotonic(), self.clock()
        known, then, was = self._seen.get(names, ([], at - CACHE_SECONDS, 0.0))
        if max(at - then, abs(wall - was)) < CACHE_SECONDS and not afresh:
            return known
        if at < self._away_until:
            raise ConnectionError("it was away a moment ago")
        try:
            known = self._read(self._client("dynamodb"), names)
        except Exception as error:
            log.warning("the breaker table %s cannot be read: %s", self.table, error)
            self._away_until = self.monotonic() + CACHE_SECONDS
            raise ConnectionError(str(error)) from error
        with self._lock:
            self._seen[names] = (known, at, wall)
            if len(self._seen) > _CASES:
                del self._seen[next(iter(self._seen))]
        return known

    def _read(self, client: Any, names: tuple[str, ...]) -> list[Circuit]:
        if not self.key:
            self.key = client.describe_table(TableName=self.table)["Table"]["KeySchema"][0]["AttributeName"]
        request = {"Keys": [{self.key: {"S": name}} for name in names], "ConsistentRead": True}
        answer = client.batch_get_item(RequestItems={self.table: request})
        if answer["UnprocessedKeys"]:
            raise ConnectionError("DynamoDB leaves some of it unread")
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        ahead = parsedate_to_datetime(date).timestamp() - self.clock() if date else 0.0
        self._ahead = ahead if abs(ahead) > 1.5 else 0.0  # it is told to the second
        found = {item[self.key]["S"]: item for item in answer["Responses"][self.table]}
        return _this_hour([_circuit(found.get(name, {}), name) for name in names], self._now())

    def _reserve(self, circuit: Circuit, tokens: int, least: int) -> bool:
        """Take tokens of an allowance, and settle by the same write what calls before have left of theirs."""
        owed = self._owed.get(circuit, 0)
        done = self._change(circuit, owed - tokens, least - owed)
        if owed and done:
            self._owe(circuit, -owed)
        return done

    def _owe(self, circuit: Circuit, tokens: int) -> None:
        with self._lock:
            self._owed[circuit] = self._owed.pop(circuit, 0) + tokens
            if len(self._owed) > _CASES:
                del self._owed[next(iter(self._owed))]

    def _settle(self, held: list[Circuit], tokens: int) -> None:
        """Give back what was reserved and not used; less than nothing is taken in addition."""
        while held and tokens:
            circuit = held.pop()
            with suppress(ConnectionError):
                self._owe(circuit, tokens) if circuit.hourly else self._change(circuit, tokens, -(10**15))

    def _change(self, circuit: Circuit, tokens: int, least: int) -> bool:
        """Change an allowance of at least so many tokens; whether it had them, and is still the version that was read."""
        values = {":own": circuit.version, ":tokens": str(tokens), ":least": str(least)}
        change, condition = "SET allowance = allowance + :tokens", "#own = :own AND allowance >= :least"
        if circuit.hourly:
            if least > (circuit.allowance or 0):
                return False
            values.update({":own": str(circuit.allowance), ":end": f"{self._now().timestamp() + _KEPT:.0f}"})
            change = "SET allowance = if_not_exists(allowance, :own) + :tokens, #own = if_not_exists(#own, :own)"
            change, condition = f"{change}, expires = :end", "attribute_not_exists(allowance) OR allowance >= :least"
        try:
            self._client("dynamodb").update_item(
                TableName=self.table,
                Key={self.key: {"S": circuit.name}},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#own": "granted" if circuit.hourly else "version"},
                ExpressionAttributeValues={name: {"N": value} for name, value in values.items()},
            )
        except Exception as error:
            # A request without an answer has a response, too, which is None.
            answer = getattr(error, "response", None) or {}
            if answer.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
                return False
            log.warning("%d tokens of %s: %s", tokens, circuit.name, error)
            raise ConnectionError(str(error)) from error
        return True

    def _on_own_account(self, case_id: str, tokens: int, away: ConnectionError) -> None:
        """Let a case spend a little while nobody can be asked."""
        with self._lock:
            calls, spent = self._local.get(case_id, (0, 0))
            if calls >= self.local_calls or spent + tokens > self.local_tokens:
                raise Paused(f"its circuit cannot be read, and what it may spend without is spent: {away}") from away
            if tokens:
                self._local[case_id] = (calls + 1, spent + tokens)


def handle_sqs(gate: Gate, event: Mapping[str, Any], process: Callable[[Work], Any]) -> dict[str, Any]:
    """Do an SQS-fed invocation: `process(work)` for each piece; returns the partial batch response.

    What is parked counts as done. What fails or cannot be parked stays in the queue, and what follows it in its FIFO group.
    """
    failed, stopped = [], set()
    for record in event["Records"]:
        message, group = record["messageId"], record["attributes"].get("MessageGroupId")
        try:
            if group in stopped:
                raise NotParked(f"what came before it in the group {group} is not done")
            for work in sqs_pieces(record):
                _do(gate, work, process)
        except Exception:
            log.exception("message %s is not done", message)
            failed.append(message)
            stopped.update([group] if record["eventSourceARN"].endswith(".fifo") else [])
    gate.flush()
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def handle_event(gate: Gate, event: Mapping[str, Any], process: Callable[[Work], Any], function: str = "") -> None:
    """Do an invocation by S3 or EventBridge: `process(work)` for each record, parked by itself where its case is paused.

    Raises the first failure once every record had its turn: Lambda then brings the event again.
    """
    origin, failures = f"lambda:{function or os.environ['AWS_LAMBDA_FUNCTION_NAME']}", []
    for work in _pieces(json.dumps(event, ensure_ascii=False), origin, os.urandom(16).hex(), {}):
        try:
            _do(gate, work, process)
        except Exception as error:
            log.exception("%s is not done", work.evidence_id)
            failures.append(error)
    gate.flush()
    if failures:
        raise failures[0]


def sqs_pieces(record: Mapping[str, Any]) -> Iterator[Work]:
    """Yield the pieces of work in a message, as Lambda hands it on."""
    _, _, _, region, account, queue = record["eventSourceARN"].split(":")
    system, spelt = record["attributes"], ("dataType", "stringValue", "binaryValue")
    attributes = {
        name: {part[0].upper() + part[1:]: said for part, said in value.items() if part in spelt and said}
        for name, value in (record.get("messageAttributes") or {}).items()
    }
    sent = datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, timezone.utc).isoformat()
    more: dict[str, Any] = {"attributes": attributes, "group": system.get("MessageGroupId"), "first_seen": sent}
    more["receives"] = int(system["ApproximateReceiveCount"])
    origin = f"sqs:https://sqs.{region}.amazonaws.com/{account}/{queue}"
    return _pieces(record["body"], origin, record["messageId"], more)


def _do(gate: Gate, work: Work, process: Callable[[Work], Any]) -> None:
    try:
        gate.check(work.case_id, work.user_id)
        process(work)
    except Paused as paused:
        gate.park(work, str(paused))


def _pieces(body: str, origin: str, otherwise: str, more: dict[str, Any]) -> Iterator[Work]:
    """Yield what a body asks for: each of S3's records by itself, an EventBridge event, or JSON with case_id and evidence_id."""
    try:
        data = json.loads(body)
    except ValueError:
        data = {}
    records = data["Records"] if isinstance(data, dict) and "Records" in data else [data]
    for record in records:
        said = record if isinstance(record, dict) else {}
        found = (said.get("s3") or said.get("detail") or {}).get("object") or {}
        key = unquote_plus(found.get("key", "")) if "s3" in said else found.get("key", "")
        named = _KEY.match(key)
        case, evidence = named.groups() if named else (said.get("case_id"), said.get("evidence_id"))
        versions = (found.get(name) for name in ("versionId", "version-id", "eTag", "etag", "sequencer"))
        version = next((one for one in versions if one), otherwise)
        times = {"first_seen": said.get("eventTime") or said.get("time") or more.get("first_seen", "")}
        own = body if len(records) == 1 else json.dumps({"Records": [record]}, ensure_ascii=False)
        yield Work(str(case or ""), str(evidence or ""), version, origin, own, **{**more, **times})


def _circuit(item: Mapping[str, Any], name: str) -> Circuit:
    """Read an item of the breaker table."""
    said = {attribute: next(iter(value.values())) for attribute, value in item.items()}
    left, ends = said.get("allowance"), None
    if "until" in said:
        try:  # Python 3.9 knows no Z
            ends = datetime.fromisoformat(said["until"].replace("Z", "+00:00")).astimezone(timezone.utc)
        except ValueError:
            ends = datetime.fromtimestamp(0, timezone.utc)  # what cannot be read is over
    limit = None if left is None else int(float(left))
    return Circuit(name, said.get("state", "closed"), said.get("version", "0"), ends, limit, said.get("reason", ""))


def _this_hour(circuits: list[Circuit], now: datetime) -> list[Circuit]:
    """Return circuits, with what a case whose own is closed may use in this hour, if guardian says how much."""
    case, given = circuits[0], circuits[-1]
    if given.name != "spend":
        return circuits
    if given.allowance is None or case.at(now)[0] != "closed":
        return circuits[:-1]
    # Another hour, or a circuit that has closed again, is another item: nothing has to be given back for a case to go on.
    name = f"spend{case.name[4:]}#{now:%Y-%m-%dT%H}#{case.version}"
    return [*circuits[:-1], Circuit(name, version=case.version, allowance=given.allowance, hourly=True)]
