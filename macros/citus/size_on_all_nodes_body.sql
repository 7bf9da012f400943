{% macro size_on_all_nodes_body() %}
begin
    return case
        when exists (select 1 from pg_dist_partition where logicalrelid = table_id)
            then citus_relation_size(table_id)
        else pg_relation_size(table_id)
    end;
end
{% endmacro %}
