{% macro is_on_all_nodes(table) %}
    {{ return(stuck_jobs.has_citus() and run_query(
        "select exists (
            select 1 from pg_catalog.pg_dist_partition where logicalrelid = to_regclass(" ~ stuck_jobs.text_literal(table) ~ ")
        )"
    ).columns[0].values()[0]) }}
{% endmacro %}
