{% macro shard_files(first, second) -%}
    {%- set command -%}
        select concat_ws(
            ' ',
            {%- for shard in ("'%%1$s'", '%1$L') %}
            coalesce(
                pg_relation_filenode({{ shard }}::regclass),
                (select min(pg_relation_filenode(relid)) from pg_partition_tree({{ shard }}::regclass))
            )
            {{- ',' if not loop.last }}
            {%- endfor %}
        )
    {%- endset -%}
    select string_agg(case when shards.success then shards.result end, ' ' order by shards.shardid)
    from run_command_on_placements(
        {{ stuck_jobs.text_literal(first.include(database=false)) }},
        (
            select format({{ stuck_jobs.text_literal(command) }}, shard_name(logicalrelid, shardid))
            from pg_catalog.pg_dist_shard
            where logicalrelid = {{ stuck_jobs.text_literal(second.include(database=false)) }}::regclass
        )
    ) as shards
    having bool_and(shards.success)
{%- endmacro %}
