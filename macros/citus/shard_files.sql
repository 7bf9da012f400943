{% macro shard_files(shards) -%}
    select string_agg(
        coalesce(
            pg_relation_filenode(shard::regclass),
            (select min(pg_relation_filenode(relid)) from pg_partition_tree(shard::regclass))
        )::text,
        ' ' order by shard
    )
    from {{ stuck_jobs.on_node('unnest(' ~ shards ~ ') as shard') }}
{%- endmacro %}
