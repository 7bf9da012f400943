-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('celery')) }}
{% set present = [] %}
{% for name in ['jobs', 'django_jobs', 'django_chords'] if source_table(name).types or not execute %}
{% do present.append(source('celery', name)) %}
{% endfor %}

{{ watched_tables(present) }}
