"""The settings of a process, from its environment."""
