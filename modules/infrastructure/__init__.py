"""The platform's own services: who may do what, and when."""
