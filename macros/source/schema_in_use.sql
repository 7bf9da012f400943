{% macro schema_in_use(sources) -%}
    select namespaces.nspname
    from pg_catalog.pg_class as classes
    inner join pg_catalog.pg_namespace as namespaces on classes.relnamespace = namespaces.oid
    where
        classes.relkind = 'r'
        and classes.relname in ({% for source in sources %}{{ stuck_jobs.text_literal(source.identifier) }}{{ ', ' if not loop.last }}{% endfor %})
        and namespaces.nspname <> {{ stuck_jobs.text_literal(sources[0].schema) }}
        {%- if stuck_jobs.is_distributed() %}
        and not {{ stuck_jobs.own_schema() }}.holds_rows()
        {%- else %}
        {%- for source in sources %}
        and not exists (select 1 from {{ source }})
        {%- endfor %}
        {%- endif %}
    group by namespaces.nspname
    having
        count(*) = {{ sources | length }}
        and bool_or(classes.relname = {{ stuck_jobs.text_literal(sources[0].identifier) }} and {{ stuck_jobs.size_of('classes.oid') }} > 0)
{%- endmacro %}
