{% macro assert_in_place() -%}
    perform from {{ ref('stg_judgment_basis') }};
    {%- for node in graph.nodes.values()
        if node.package_name == 'stuck_jobs' and node.name == 'accumulation_points' and node.version == node.latest_version %}
    {%- set summary = adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias) %}
    if exists (
        select from pg_rewrite
        where ev_class = to_regclass({{ stuck_jobs.text_literal(summary) }})
            and obj_description(oid, 'pg_rewrite') = 'set aside'
    ) then
        raise exception 'the views have stepped aside: run dbt build' using errcode = 'object_not_in_prerequisite_state';
    end if;
    {%- endfor %}
{%- endmacro %}
