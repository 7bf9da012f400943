"""Put right what is stuck: plan, guarded change, audit."""
