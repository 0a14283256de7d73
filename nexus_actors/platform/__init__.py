"""Which services a platform has, and how they are found and loaded."""
