"""`oncall.yaml`: people, schedules, policies, as they are written and read."""
