"""`leh-guardian demo`: scenario A of the runbook played on embedded parts, and measured."""
