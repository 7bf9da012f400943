{% macro unlogged_rows_body(table) -%}
begin
    if not pg_is_in_recovery() then
        return query
        select to_jsonb(watched)
        from (
            select {{ table.required | join(', ') }}
            from {{ adapter.quote(stuck_jobs.source_schema()) }}.{{ adapter.quote(table.name) }}
        ) as watched;
    end if;
end
{%- endmacro %}
