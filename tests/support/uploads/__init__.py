"""Made-up upload logs by a seed: families of legitimate bursts and of attacks, some of them never tuned on."""
