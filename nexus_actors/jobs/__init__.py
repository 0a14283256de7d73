"""Jobs: long work outside the turn. Turns start them, runners have them done by processes of their own."""
