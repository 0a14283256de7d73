"""Geography, a library that every module may use: distances on the ellipsoid; boxes, circles and polygons on the globe."""
