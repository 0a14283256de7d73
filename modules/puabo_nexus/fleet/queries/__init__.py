"""What the fleet service reads."""
