"""The embedded stand-ins of the demo and of the tests; the one rule: real protocols on loopback, no accounts.

Nothing outside this package and the CLI imports it, so that production never loads a stand-in by accident.
"""
