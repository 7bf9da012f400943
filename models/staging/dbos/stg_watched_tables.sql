-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('dbos')) }}

{{ watched_tables([
    source('dbos', 'jobs'),
    source('dbos', 'steps'),
    source('dbos', 'queues'),
    source('dbos', 'schedules'),
    source('dbos', 'versions'),
]) }}
