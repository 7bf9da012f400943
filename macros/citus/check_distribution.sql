{% macro check_distribution() %}
    {% set tables = stuck_jobs.distribution() %}
    {% set where = "; see docs/deployment.md, Past one machine" %}
    {% for table in tables if table.shard_column is not none %}
        {% do exceptions.raise_compiler_error(
            "the watched table " ~ table.table_name ~ " is in shards by " ~ table.shard_column ~ ", and a pipeline is watched"
            ~ " only where it is whole on one node: over shards jobspec_id cannot be unique, nor an execution be without its job"
            ~ where
        ) %}
    {% endfor %}
    {% if tables and var('job_system') != 'pipeline' %}
        {% do exceptions.raise_compiler_error(
            "the watched table " ~ tables[0].table_name ~ " is Citus's, where the pipeline alone is watched, and not "
            ~ var('job_system') ~ where
        ) %}
    {% endif %}
    {% set places = tables | map(attribute='place') | unique | list %}
    {% if tables and (places | length > 1 or tables | length < stuck_jobs.job_system().tables | length) %}
        {% do exceptions.raise_compiler_error(
            "the watched table " ~ tables[0].table_name ~ " is distributed apart from the others, and a pipeline is watched only"
            ~ " where it is whole on one node: distribute them with colocate_with" ~ where
        ) %}
    {% endif %}
{% endmacro %}
