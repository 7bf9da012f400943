"""Why one job is where it is: all that the views know of it, and what would move it."""
