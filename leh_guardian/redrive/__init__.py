"""Bringing dead letters back: looking at them, choosing, moving, proving that it helped."""
