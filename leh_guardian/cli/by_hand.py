"""Owns what commands that ask the files see of what people have changed by hand; the one rule: without the store they say so, and go on.

Its own answer is what is said on standard error: whoever reads it knows that a swap or a silence may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.cli.output import tell
from leh_guardian.cli.store_access import with_store
from leh_guardian.engine.overriding import described
from leh_guardian.errors import SettingsError, StoreError
from leh_guardian.language import Text
from leh_guardian.model.oncall import OnCall
from leh_guardian.model.oncall.by_hand import Misfit, StoredOverride, laid_over
from leh_guardian.model.silence import Silence
from leh_guardian.model.text import without_passwords
from leh_guardian.store import duty_overrides, silences
from leh_guardian.store.transaction import Transaction

_BACK: Final = timedelta(days=31)
"""How far back overrides are of use: a calendar shows a month of what was."""


def changed(oncall: OnCall, now: datetime) -> tuple[OnCall, tuple[Misfit, ...]]:
    """Return duty as it is: the file's, with what commands have stored; and of that what does not fit the file."""
    return _over(oncall, seen(now)[0], now)


def changed_and_silent(oncall: OnCall, now: datetime) -> tuple[OnCall, tuple[Misfit, ...], Sequence[Silence]]:
    """Return the same, and the silences that hold."""
    stored, quiet = seen(now)
    return (*_over(oncall, stored, now), quiet)


def _over(oncall: OnCall, stored: Sequence[StoredOverride], now: datetime) -> tuple[OnCall, tuple[Misfit, ...]]:
    found, misfits = laid_over(oncall, stored)
    return found, tuple(one for one in misfits if one.override.ends > now)


def tell_misfits(misfits: Sequence[Misfit], oncall: OnCall) -> None:
    """Say which stored overrides change nothing."""
    for one in misfits:
        tell(_misfit(one, oncall))


def _misfit(one: Misfit, oncall: OnCall) -> Text:
    name, reason, what = one.override.named, one.reason, described(one.override, oncall)
    return Text(
        ko=f"적용되지 않는 당직 변경 {name}: {reason.ko} [{what.ko}]",
        en=f"Change of duty {name} is not applied: {reason.en} [{what.en}]",
    )


def seen(now: datetime) -> tuple[Sequence[StoredOverride], Sequence[Silence]]:
    """Return the overrides that hold, are to come or were of late, and the silences that hold; nothing without the store."""

    async def work(tx: Transaction) -> tuple[Sequence[StoredOverride], Sequence[Silence]]:
        return await duty_overrides.standing(tx, now - _BACK), await silences.holding(tx, now)

    try:
        return with_store(work)
    except (StoreError, SettingsError) as error:
        tell(_without(without_passwords(str(error))))
        return (), ()


def _without(reason: str) -> Text:
    return Text(
        ko=f"데이터베이스를 볼 수 없어 명령으로 만든 당직 변경과 무음은 빠져 있습니다: {reason}",
        en=f"The database cannot be asked, so changes of duty and silences made by command are left out: {reason}",
    )
