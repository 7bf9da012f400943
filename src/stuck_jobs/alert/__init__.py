"""Tell people what has changed at the accumulation points, at least once and no more often than needed."""
