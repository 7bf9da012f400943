{% macro oldest_transaction() -%}
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint
{%- endmacro %}
