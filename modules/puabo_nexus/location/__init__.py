"""Where vehicles are now, which of them are near, and which fences they cross (location-ms, port 8082)."""
