{% macro count_items_body() %}
{%- set bounded = stuck_jobs.bounded_detections().values() | list %}
{%- set counted = ['int_gap_counts'] %}
begin
    case detection
    {%- for node in graph.nodes.values()
        if (node.name in stuck_jobs.detections() and node.version == node.latest_version) or node.name in bounded + counted %}
    {%- set relation = adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias) %}
        when '{{ node.name }}' then
            return query
            {%- if node.name in counted %}
            select found.accumulation_point, found.items, found.oldest_stuck_since
            from {{ relation }} as found;
            {%- elif node.name in bounded %}
            select found.accumulation_point, case when not found.is_beyond then count(*) end, min(found.stuck_since)
            from {{ relation }} as found
            group by found.accumulation_point, found.is_beyond;
            {%- else %}
            select found.accumulation_point, count(*), min(found.stuck_since)
            from {{ relation }} as found
            group by found.accumulation_point;
            {%- endif %}
    {%- endfor %}
    end case;
end
{% endmacro %}
