-- What recovery keeps to and where the watched tables are, in one row: the command that changes the pipeline does as
-- the project was built.

select
    {{ var('recovery_max_items') }}::bigint as max_items,
    {{ var('recovery_breaker_items') }}::bigint as breaker_items,
    {{ var('recovery_breaker_share') }}::numeric as breaker_share,
    {{ var('recovery_breaker_min_jobs') }}::bigint as breaker_min_jobs,
    {{ var('recovery_max_attempts') }}::bigint as max_attempts,
    {{ var('recovery_backoff_minutes') }}::numeric as backoff_minutes,
    {{ text_literal(var('job_system')) }}::text as job_system,
    {{ has_queues() | lower }}::boolean as redis_enabled,
    {{ text_literal(var('source_time_zone')) }}::text as source_time_zone,
    {{ text_literal(source_schema()) }}::text as source_schema,
    {{ text_literal(table_name('jobs')) }}::text as jobs_table,
    {{ text_literal(table_name('executions')) }}::text as executions_table,
    {{ text_literal(table_name('outbox')) }}::text as outbox_table,
    array(
        select points.accumulation_point from (values ('queue_dead_letter')) as points (accumulation_point)
        where points.accumulation_point in {{ automatic_points() }}
    ) as automatic_requeues
