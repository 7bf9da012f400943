"""Look at everything that a build and a snapshot rest on, and say what is to be done."""
