"""The services: each a `run_once()` and a small loop. Only this room (and the CLI's verbs) opens transactions."""
