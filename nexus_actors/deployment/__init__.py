"""The platform in containers: its compose file, its secrets, and how it is reached from this machine."""
