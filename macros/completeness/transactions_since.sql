{% macro transactions_since(transaction) -%}
    case
        when pg_snapshot_xmax(pg_current_snapshot())::text::bigint - ({{ transaction }}) between 0 and 1000000000
            then age((({{ transaction }}) % 4294967296)::text::xid)
    end
{%- endmacro %}
