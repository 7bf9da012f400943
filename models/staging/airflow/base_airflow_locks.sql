-- Whether the scheduler is kept from its work by a lock, in one row: a task that a killed scheduler left behind keeps
-- its connection, and with it what that had locked of pools, runs or tasks. By a function, since pg_locks in a view
-- has everything around it found out of all jobs, also for who asks for one.
{{ config(enabled=is_system('airflow')) }}

select idle_locks_since as held_since from {{ own_schema() }}.idle_locks_since()
