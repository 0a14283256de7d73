"""The rules of location-ms as pure functions and values: fences and their shapes, crossings, nearness."""
