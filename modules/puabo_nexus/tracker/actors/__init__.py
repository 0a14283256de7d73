"""Behaviour: vehicles with their tracks, and the accounts of drivers."""
