"""Out: from the marts to people."""
