"""Having evidence processed anew: collecting what a dead-letter queue names, waiting for the fix, asking, watching it finish."""
