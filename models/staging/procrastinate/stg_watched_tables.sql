-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('procrastinate')) }}

{{ watched_tables([
    source('procrastinate', 'jobs'),
    source('procrastinate', 'events'),
    source('procrastinate', 'workers'),
    source('procrastinate', 'periodic_defers'),
]) }}
