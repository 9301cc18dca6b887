"""Ways to reach people. Each escapes what it is given for its own medium: every text in a notice is data."""
