"""How long the hardest input that is allowed keeps a service's loop from everything else."""
