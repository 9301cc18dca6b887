"""Seeded lines with planted values, and clean ones: what the detectors are measured on."""
