"""The command `nexus`: one file for each of its commands."""
