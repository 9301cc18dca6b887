"""Owns samples of what is said of a judged burst of uploads; the one rule: as in `samples.py`."""

from __future__ import annotations

from leh_guardian.language import NOTHING, Text
from leh_guardian.uploads import Verdict, wording


def samples() -> dict[str, Text]:
    """Return what each function says, by module, name and what it is said of."""
    strongest = ["key-replayed 70", "mostly-overwrites 0.98"]
    made = {
        "of_case": wording.of_case("case_3f9c"),
        "of_account": wording.of_account("user_1"),
        "judged/case": wording.judged(wording.of_case("case_3f9c"), Verdict.ATTACK),
        "judged/account": wording.judged(wording.of_account("user_1"), Verdict.LEGITIMATE),
        "briefly/attack": wording.briefly(70, Verdict.ATTACK, 6.12, "user_1", strongest, ["s3_access_logs"], NOTHING),
        "briefly/legitimate": wording.briefly(1, Verdict.LEGITIMATE, -2.3, "", [], [], NOTHING),
        "briefly/held": wording.briefly(
            0, Verdict.SUSPICIOUS, -1.1, "", [], ["audit_log", "cloudtrail", "waf"], wording.UNEXPLAINED
        ),
        "briefly/late": wording.briefly(9, Verdict.SUSPICIOUS, 0.2, "", strongest, [], NOTHING, 7),
        "briefly/unseen": wording.briefly(9, Verdict.SUSPICIOUS, 0.2, "user_1", strongest, ["s3"], NOTHING),
    }
    return {f"uploads.wording.{name}": text for name, text in made.items()}
