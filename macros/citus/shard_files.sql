{% macro shard_files() -%}
    select concat_ws(' ', jobs.file_id, executions.file_id)
    from
    {%- for name in ['jobs', 'executions'] %}
        (
            select min(pg_relation_filenode(first_row.shard_id)) as file_id
            from (select tableoid as shard_id from {{ source('pipeline', name) }} limit 1) as first_row
        ) as {{ name }}
        {{- ' cross join' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
