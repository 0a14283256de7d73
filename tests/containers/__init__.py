"""The platform in real containers: `./nexus test --containers`."""
