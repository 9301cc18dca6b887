"""The only importers of client libraries; each translates its library's errors at the edge and keeps `__cause__`."""
