-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('pipeline')) }}

{{ watched_tables([source('pipeline', 'jobs'), source('pipeline', 'executions'), source('pipeline', 'outbox')]) }}
