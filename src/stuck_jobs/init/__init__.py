"""Find which job systems live in a database, and make a dbt project that watches one of them."""
