"""Put dead letters back into their queue, those for which that does no harm."""
