{% macro judgment_basis() -%}
    {%- set rules = [var('source_time_zone'), var('region_aliases', {}) or {}] -%}
    {%- set files = [] -%}
    {%- for name in ('jobs', 'executions') -%}
        {%- set relation = source('pipeline', name).include(database=false) -%}
        {%- do rules.append(stuck_jobs.source_table(name).types) -%}
        {%- do files.append(
            "(select relfilenode from pg_catalog.pg_class where oid = "
            ~ dbt.string_literal(dbt.escape_single_quotes(relation | string)) ~ "::regclass)"
        ) -%}
    {%- endfor -%}
    concat_ws(' ', {{ files | join(', ') }}, '{{ local_md5(rules | string) }}')
{%- endmacro %}
