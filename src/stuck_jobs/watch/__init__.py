"""Look again and again: once for a scheduler, as a service, or as a command does with `--watch`."""
