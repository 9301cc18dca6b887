"""Pure values and their transitions: standard library (and orjson) only, no I/O, time as an argument."""
