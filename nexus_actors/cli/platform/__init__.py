"""How commands find and reach the running platform."""
