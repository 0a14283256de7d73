"""The rules of location-ms as pure functions and values: geometry, fences, crossings, nearness."""
