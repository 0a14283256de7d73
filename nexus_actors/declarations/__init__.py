"""How actors, handlers and states are declared, and what is wrong with a declaration."""
