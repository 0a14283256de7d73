"""Who may do what: verification of access tokens, and the trust that all processes share."""
