"""Owns which rules this installation uses; the one rule: a mode for a rule that there is not is a mistake."""

from __future__ import annotations

from leh_guardian.errors import SettingsError
from leh_guardian.registry import Registry
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.settings import Settings


def rules_in_use(settings: Settings, registry: Registry) -> RuleSet:
    """Return the rules as this installation uses them.

    Raises:
        RuleError: a rule file is wrong.
        SettingsError: there is a mode for a rule that there is not.
    """
    rules = load_rules(settings.rules.dir, registry)
    unknown = sorted(set(settings.rules.modes) - {rule.id for rule in rules.rules})
    if unknown:
        raise SettingsError(f"rules.modes: there is no rule named {', '.join(unknown)} in {settings.rules.dir}")
    return rules
