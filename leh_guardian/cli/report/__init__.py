"""The draft of a post-mortem, made of what is in the store; the one rule: what an event or a person wrote is data, and redacted."""
