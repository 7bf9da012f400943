{% macro source_files(relation) -%}
    {%- set name = stuck_jobs.text_literal(relation.include(database=false)) -%}
    {%- set found = load_relation(relation) if execute else none -%}
    {%- if found is not none and found.is_table -%}
    coalesce(pg_relation_filenode({{ name }}::regclass)::text, {{ stuck_jobs.files_beneath(name) }})
    {%- else -%}
    {{ stuck_jobs.files_beneath(name) }}
    {%- endif -%}
{%- endmacro %}
