"""A pipeline with everything that can go wrong, and the command that shows how it is found."""
