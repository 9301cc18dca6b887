"""What common events look like, as far as their senders document it; `catalogue` is the way in.

The tables are Python literals and not data files: nothing is parsed at start, and nothing can be missing from a wheel.
"""
