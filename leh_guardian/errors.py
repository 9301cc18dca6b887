"""Owns the exception tree; the one rule: a class says what the caller may do about it, not which library raised it.

::

    GuardianError
    ├── SettingsError            a setting is missing or wrong: fix it and start again (exit 78)
    ├── RuleError                a rule file is wrong; carries diagnostics (exit 78 at start, kept out at reload)
    ├── MalformedEvent           a message body is not an event: left to the queue's own redrive policy
    ├── StoreError               the journal refused; a defect or a wrong schema
    │   ├── StoreUnavailable     PostgreSQL is away or too slow: back off and try again
    │   ├── SchemaMismatch       the database's version or schema does not fit this program (exit 78)
    │   ├── RightsMissing        the role may not do this; the message holds the grants that it lacks (exit 78)
    │   └── LeaseLost            another attempt owns the action now: stop, settle nothing
    ├── Halted                   the kill switch or a lowered mode stops this action at its next checkpoint
    └── HandlerError             what a handler or an adapter may raise; one table turns it into an outcome
        ├── Transient            worth another try
        │   ├── Throttled        ... after the pause that the other side asked for
        │   └── Unavailable      the other side cannot be reached
        └── Permanent            no use in trying again as things stand
            ├── AccessDenied     a permission is missing
            │   └── NoCredentials    ... for nobody said who we are
            ├── NotFound         the thing does not exist
            ├── Refused          the other side, or a limit of the rule, says no
            └── OutcomeUnknown   it may or may not have happened, and nothing can tell: a person is needed

The class docstring is the default message.
"""

from __future__ import annotations

from typing import Final


class GuardianError(Exception):
    """leh_guardian met an error of its own."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class SettingsError(GuardianError):
    """The settings are wrong."""


class RuleError(GuardianError):
    """The rule files are wrong."""


class MalformedEvent(GuardianError):
    """The message body is not an event."""


class StoreError(GuardianError):
    """The journal's database refused a statement."""


class StoreUnavailable(StoreError):
    """The journal's database cannot be reached."""


class SchemaMismatch(StoreError):
    """The journal's database does not fit this program."""


class RightsMissing(StoreError):
    """The role may not do this in the journal's database."""


class LeaseLost(StoreError):
    """Another attempt owns this action now."""


class Halted(GuardianError):
    """The kill switch stopped this action."""


class HandlerError(GuardianError):
    """The handler failed."""


class Transient(HandlerError):
    """The other side failed for a moment."""

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after: Final = retry_after
        """Seconds the other side asked to wait, or None."""


class Throttled(Transient):
    """The other side asked to slow down."""


class Unavailable(Transient):
    """The other side cannot be reached."""


class Permanent(HandlerError):
    """Trying again will not help."""


class AccessDenied(Permanent):
    """A permission is missing."""


class NoCredentials(AccessDenied):
    """There are no AWS credentials."""


class NotFound(Permanent):
    """The thing does not exist."""


class Refused(Permanent):
    """The request was refused."""


class OutcomeUnknown(Permanent):
    """It is not known whether the effect took place."""
