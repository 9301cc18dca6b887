"""The periodic checks of the runbook's section 3: what is looked at through ports, and how it is judged (docs/checks.md)."""
