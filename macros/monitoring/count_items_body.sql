{% macro count_items_body() %}
begin
    case detection
    {%- for node in graph.nodes.values() if node.name in stuck_jobs.detections() and node.version == node.latest_version %}
        when '{{ node.name }}' then
            return query
            select found.accumulation_point, count(*), min(found.stuck_since)
            from {{ adapter.quote(node.schema) }}.{{ adapter.quote(node.alias) }} as found
            group by found.accumulation_point;
    {%- endfor %}
    end case;
end
{% endmacro %}
