"""An AI provider's state: what its status page says, what the worker saw of it, and what follows; pure, standard library only."""
