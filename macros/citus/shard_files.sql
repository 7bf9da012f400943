{% macro shard_files(table, shards) -%}
    select string_agg(
        coalesce(
            pg_relation_filenode(shard::regclass),
            (select min(pg_relation_filenode(relid)) from pg_partition_tree(shard::regclass))
        )::text,
        ' ' order by shard
    )
    from (select count(*) from (select 1 from {{ table }} limit 1) as some_row) as there_is_one_row_there
    cross join unnest({{ shards }}) as shard
{%- endmacro %}
