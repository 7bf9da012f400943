select source_schema, jobs_table, outbox_table from {schema}.int_recovery_settings
