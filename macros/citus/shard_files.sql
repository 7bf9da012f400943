{% macro shard_files(sources) -%}
    {%- set command -%}
        select coalesce(
            pg_relation_filenode('%1$s'::regclass), (select min(pg_relation_filenode(relid)) from pg_partition_tree('%1$s'::regclass))
        )
    {%- endset -%}
    select string_agg(case when shards.success then shards.result end, ' ' order by shards.shardid)
    from (
        {%- for source in sources %}
        select shardid, success, result
        from run_command_on_placements({{ stuck_jobs.text_literal(source.include(database=false)) }}, {{ stuck_jobs.text_literal(command) }})
        {{- ' union all' if not loop.last }}
        {%- endfor %}
    ) as shards
    having bool_and(shards.success)
{%- endmacro %}
