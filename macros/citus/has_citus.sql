{% macro has_citus() %}
    {{ return(run_query("select to_regclass('pg_catalog.pg_dist_partition') is not null").columns[0].values()[0]) }}
{% endmacro %}
