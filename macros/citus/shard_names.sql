{% macro shard_names(tables) -%}
    array(
        select shard_name(logicalrelid, shardid) from pg_catalog.pg_dist_shard
        where logicalrelid in (
            {%- for table in tables %}
            {{ stuck_jobs.text_literal(table.include(database=false)) }}::regclass
            {{- ',' if not loop.last }}
            {%- endfor %}
        )
        order by shardid
    )
{%- endmacro %}
