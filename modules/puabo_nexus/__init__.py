"""PUABO NEXUS: fleets on the road. Vehicles and deliveries, their tracks, and where they are now."""
