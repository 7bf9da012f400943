-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('pg_boss')) }}
{% set sources = [
    source('pg_boss', 'jobs'), source('pg_boss', 'queues'), source('pg_boss', 'schedules'), source('pg_boss', 'version'),
] %}
{% for name in ['instances', 'dependencies', 'archive'] if source_table(name).types %}
    {% do sources.append(source('pg_boss', name)) %}
{% endfor %}

{{ watched_tables(sources) }}
