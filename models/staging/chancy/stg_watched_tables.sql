-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine.
{{ config(enabled=is_system('chancy')) }}
{% set sources = [source('chancy', 'jobs'), source('chancy', 'queues')] %}
{% if source_table('cron').types or not execute %}
{% do sources.append(source('chancy', 'cron')) %}
{% endif %}

{{ watched_tables(sources, unlogged=[source('chancy', 'workers'), source('chancy', 'rate_limits')]) }}
