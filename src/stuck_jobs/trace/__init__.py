"""Send the traces of the jobs to a tracing system."""
