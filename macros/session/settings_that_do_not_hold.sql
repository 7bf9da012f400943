{% macro settings_that_do_not_hold(settings) -%}
    {%- set pairs = [] -%}
    {%- for name, value in settings.items() -%}
        {%- do pairs.append('(' ~ stuck_jobs.text_literal(name) ~ ', ' ~ stuck_jobs.text_literal(value) ~ ')') -%}
    {%- endfor -%}
    with found as materialized (
        select
            name,
            current_setting(name) as value,
            source
        from pg_settings
    ),

    asked_for as (
        select
            asked.name,
            set_config(asked.name, asked.value, true) as value
        from (values {{ pairs | join(', ') }}) as asked (name, value)
        where (select count(*) from found) > 0 -- the settings as they are come first
    )

    select
        asked_for.name,
        coalesce(found.value, 'unknown') as value
    from asked_for
    left join found on asked_for.name = lower(found.name)
    where found.value is distinct from asked_for.value or found.source = 'session'
    order by asked_for.name
{%- endmacro %}
