"""Whether what was written under yesterday's contracts can be read under today's."""
