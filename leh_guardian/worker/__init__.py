"""The AI worker as it is seen from outside: its log, its dead letters, what they come to together. What handlers and engine share."""
