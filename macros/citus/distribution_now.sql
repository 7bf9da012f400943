{% macro distribution_now() %}
    {% if not stuck_jobs.has_citus() %}
        {{ return([]) }}
    {% endif %}
    {% set names = [] %}
    {% for table in stuck_jobs.job_system().tables.values() %}
        {% do names.append(stuck_jobs.text_literal(table.name)) %}
    {% endfor %}
    {{ return(run_query(
        "select
            format('%s.%s', nspname, relname) as table_name,
            case when partmethod <> 'n' then column_to_column_name(logicalrelid, partkey) end as shard_column,
            case when repmodel = 's' and partmethod = 'n' and colocationid <> 0 then concat('group ', colocationid) end as place
        from pg_catalog.pg_dist_partition
        inner join pg_catalog.pg_class on pg_class.oid = logicalrelid
        inner join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
        where nspname = " ~ stuck_jobs.text_literal(stuck_jobs.source_schema()) ~ "
            and relname in (" ~ names | join(', ') ~ ")
        order by relname"
    ).rows) }}
{% endmacro %}
