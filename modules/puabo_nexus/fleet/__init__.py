"""The fleet service: vehicles, drivers, and the deliveries that they carry."""
