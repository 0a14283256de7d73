"""Documents of the platform for people and their tools, made from the types that the services run with."""
