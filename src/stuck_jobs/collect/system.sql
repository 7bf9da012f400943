select job_system from {schema}.int_recovery_settings
