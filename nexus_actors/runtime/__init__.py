"""The actor runtime's core: turns, activations, ownership, retry. It knows no SQL, no Redis and no HTTP."""
