"""tracker-ms: positions of vehicles into tracks, and tracks into trips."""
