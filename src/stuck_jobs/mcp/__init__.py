"""What an assistant may ask of the views over the Model Context Protocol: it reads, and nothing else."""
