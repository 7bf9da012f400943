-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('chancy')) }}

{{ watched_tables(
    [source('chancy', 'jobs'), source('chancy', 'queues')],
    unlogged=[source('chancy', 'workers'), source('chancy', 'rate_limits')]
) }}
