"""The detectors, one file for each kind: what it looks like, what proves it, and from where that is known."""
