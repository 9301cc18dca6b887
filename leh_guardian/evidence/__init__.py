"""Evidence: the names that it goes by, and whether its record is finished. What handlers share; knows rules and the engine not."""
