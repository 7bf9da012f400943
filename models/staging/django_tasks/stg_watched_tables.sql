-- The watched table with what hides rows of it from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('django_tasks')) }}

{{ watched_tables([source('django_tasks', 'jobs')]) }}
