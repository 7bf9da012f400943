-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('pgqueuer')) }}

{{ watched_tables([source('pgqueuer', 'jobs'), source('pgqueuer', 'log'), source('pgqueuer', 'schedules')]) }}
