"""What the running platform tells about itself: logs, metrics, traces."""
