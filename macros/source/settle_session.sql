{% macro settle_session() -%}
    perform
        set_config('search_path', 'pg_catalog, pg_temp', true),
        set_config('jit', 'off', true),
        set_config('max_parallel_workers_per_gather', '0', true);
{%- endmacro %}
