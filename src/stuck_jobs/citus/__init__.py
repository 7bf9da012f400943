"""What a database that Citus spreads over several nodes takes beside what any takes."""
