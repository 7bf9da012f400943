"""Let go of the watched tables, so that a migration may change them."""
