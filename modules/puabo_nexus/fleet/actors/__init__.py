"""The behaviour of the fleet. A turn reads and writes rows; no actor keeps a state beside them."""
