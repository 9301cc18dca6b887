"""Fuzzing: mutated events and patterns, by a seed. `make fuzz` for as long as one likes, a short run in `make test`."""
