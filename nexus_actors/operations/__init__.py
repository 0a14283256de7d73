"""What operators see and do: dead letters, states, lag, what waits."""
