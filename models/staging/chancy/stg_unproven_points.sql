-- What can be told neither way now: whether schedules tick whose table was made after the views, which do not read it.
{{ config(enabled=is_system('chancy')) }}
{% if execute and not source_table('cron').types %}
select
    'schedule_missed' as accumulation_point,
    '{{ table_name('cron') }} was made since the views were built: run dbt build' as problem
where {{ exists_now('cron') | indent }}
{% else %}
{{ no_rows({
    'accumulation_point': 'text',
    'problem': 'text',
}) }}
{% endif %}
