"""What went wrong, told: whose fault it is, its causes, the frames that matter, without secrets."""
