"""Owns the columns that a restore needs, as they are in this database; the one rule: what does not fit is told before any lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from leh_guardian.adapters.leh_database import spelling
from leh_guardian.adapters.leh_database.catalogue import IDS, TIMES, WORDS, Asks, Column, Form, Table, table
from leh_guardian.adapters.leh_database.names import Names
from leh_guardian.errors import Refused
from leh_guardian.model.case import ACTIVE, CLOSED

_OWN_NAME: Final = "leh_guardian"
"""Who restores, where a text without a foreign key says who."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The two tables."""

    names: Names
    cases: Table
    case_id: Column
    status: Column
    updated_at: Column | None
    """None where there is no such column."""
    audit: Table
    audit_id: Column
    user: Column
    action: Column
    object: Column
    time: Column

    def active(self, stored: str) -> str:
        """Return how `active` is spelt, for a case whose status is `stored`.

        Raises:
            Refused: no label, or several, can mean it.
        """
        given = self.names.active
        if self.status.form is Form.ENUM:
            return spelling.label_of(ACTIVE, self.status.labels, given, self.status.place)
        return spelling.spelt_like(ACTIVE, stored, given)

    @property
    def closed(self) -> str:
        """How `closed` is spelt; a column of text may have it in any letter case.

        Raises:
            Refused: no label, or several, can mean it.
        """
        if self.status.form is Form.ENUM:
            return spelling.label_of(CLOSED, self.status.labels, self.names.closed, self.status.place)
        return self.names.closed or CLOSED

    @property
    def restored(self) -> str:
        """How the log names a restore.

        Raises:
            Refused: its column is an enum that has no such label.
        """
        return self.called(self.names.restored_action, "restored_action")

    def called(self, wanted: str, setting: str) -> str:
        """Return how the log names what the settings call `wanted`.

        Raises:
            Refused: its column is an enum that has no such label.
        """
        if self.action.form is not Form.ENUM:
            return wanted
        return spelling.action_label(wanted, self.action.labels, self.action.place, setting)

    @property
    def restorer(self) -> str | None:
        """The user id of guardian's lines in the log, None for none.

        Raises:
            Refused: the log wants one that nobody has given.
        """
        if self.names.service_user is not None or not self.user.required:
            return self.names.service_user
        if self.user.form is Form.TEXT and not self.user.refers:
            return _OWN_NAME
        raise Refused(
            f"{self.user.place} must name a user, and nobody said which: set product_database.service_user"
            " (LEH_PRODUCT_DATABASE__SERVICE_USER) to the id of a service user"
        )

    def line(self, key: UUID, examples: Sequence[str], at: datetime) -> Mapping[str, Any]:
        """Return what stands in {name: value} beside the rest of a line: `rest`, and its id, where the server gives none.

        Raises:
            Refused: nobody knows what goes into the id, or into another column that must have a value.
        """
        rest = self.rest(at)
        if self.audit_id.filled or not self.audit_id.required:
            return rest
        if self.audit_id.form is Form.INTEGER:
            raise Refused(f"{self.audit_id.place} is a number without a default: give it a sequence")
        uuid = self.audit_id.form is Form.UUID
        return {**rest, self.audit_id.name: str(key) if uuid else spelling.audit_id(key, examples)}

    def rest(self, at: datetime) -> Mapping[str, str]:
        """Return what stands in {name: value} in columns that only LEH knows; an ORM gives their defaults itself, and not the server.

        Raises:
            Refused: nobody knows what goes into one of them, or the settings name one that is not there or not theirs.
        """
        known, given = [self.audit_id, self.user, self.action, self.object, self.time], self.names.audit_values
        if wrong := [name for name in given if name not in self.audit.columns or name in {one.name for one in known}]:
            raise Refused(f"product_database.audit_values: {self.audit.name} has no other column {', '.join(wrong)}")
        made, unknown = dict(given), list[str]()
        for column in self.audit.open(known):
            if column.name in given:
                continue
            if column.form is Form.JSON:
                made[column.name] = "{}"
            elif column.form in TIMES:
                made[column.name] = column.instant(at, self.names.zone)
            else:
                unknown.append(column.name)
        if unknown:
            raise Refused(
                f"{self.audit.name} has columns that must have a value and have no default: {', '.join(unknown)}."
                " Guardian does not know what goes there: name it in product_database.audit_values, or give them a default"
            )
        return made


async def schema(tx: Asks, names: Names) -> Schema:
    """Read both tables from the catalogue.

    Raises:
        NotFound, Refused: a table or column is not there, or of a type that cannot be meant.
    """
    cases, audit = await table(tx, names.cases), await table(tx, names.audit)
    has_time = names.updated_at in cases.columns
    return Schema(
        names,
        cases,
        cases.column(names.case_id, IDS),
        cases.column(names.status, WORDS),
        cases.column(names.updated_at, TIMES) if has_time else None,
        audit,
        audit.column(names.audit_id, IDS),
        audit.column(names.audit_user, IDS),
        audit.column(names.audit_action, WORDS),
        audit.column(names.audit_object, IDS),
        audit.column(names.audit_time, TIMES),
    )
