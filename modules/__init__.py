"""The business of Nexus COS: one package per module, one package per service in it, and libraries that all may use."""
