-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('airflow')) }}

{{ watched_tables([
    source('airflow', 'jobs'),
    source('airflow', 'executions'),
    source('airflow', 'tries'),
    source('airflow', 'dags'),
    source('airflow', 'definitions'),
    source('airflow', 'backfills'),
    source('airflow', 'processes'),
    source('airflow', 'triggers'),
    source('airflow', 'pools'),
    source('airflow', 'reschedules'),
    source('airflow', 'lengths'),
    source('airflow', 'events'),
]) }}
