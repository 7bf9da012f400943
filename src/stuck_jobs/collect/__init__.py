"""Copy what waits in Redis into PostgreSQL, where dbt can see it."""
