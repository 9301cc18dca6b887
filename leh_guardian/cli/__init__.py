"""The command line: thin, lazily imported, and the only place that prints."""
