"""The platform on one machine: what `nexus up` starts, watches and stops."""
