{% macro holds_rows_body(tables) %}
begin
    return
    {%- for table in tables.values() %}
        exists (select 1 from {{ adapter.quote(stuck_jobs.source_schema()) }}.{{ adapter.quote(table.name) }} limit 1)
        {{- ' or' if not loop.last }}
    {%- endfor %};
end
{% endmacro %}
