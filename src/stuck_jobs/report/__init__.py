"""A page that shows an engineer on call what is stuck, and since when."""
