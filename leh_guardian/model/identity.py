"""Owns idempotency keys; the one rule: a key is made from what happened, never from how often it was delivered.

The SQS message id is no part of any key: a redriven message gets a new one (Amazon SQS Developer Guide,
"Learn how to configure a dead-letter queue redrive").
"""

from __future__ import annotations

import hashlib
from uuid import UUID

_NAMESPACE = UUID("6d5c1f0e-6c65-5f67-9a75-617264696120")


def key(name: str) -> UUID:
    """Return the version 5 UUID (RFC 9562 §5.5) of `name` in leh_guardian's namespace.

    Unlike `uuid.uuid5`, a lone surrogate in `name` is no error: hostile events carry them.
    """
    digest = hashlib.sha1(_NAMESPACE.bytes + name.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return UUID(bytes=digest.digest()[:16], version=5)


def action_key(event_id: str, rule_id: str, step: str) -> UUID:
    """Return the id of the action that `step` of `rule_id` plans for the event `event_id`.

    Rule and step ids hold no slash, so the three parts cannot be shifted against each other.
    """
    return key(f"{event_id}/{rule_id}/{step}")


def message_key(redrive_id: UUID, message_id: str) -> UUID:
    """Return the deduplication id under which the redrive `redrive_id` sends the message `message_id` on."""
    return key(f"{redrive_id}/{message_id}")
