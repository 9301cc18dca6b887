"""One file for each handler; no imports between them. What is dropped here is registered at start-up."""
