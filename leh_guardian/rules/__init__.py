"""From rule files to an immutable rule set, with the position of every mistake: `loader` is the way in."""
