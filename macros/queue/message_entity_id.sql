{% macro message_entity_id() -%}
    {%- set copy = 'row_number() over (partition by accumulation_point, queue_name, message_id order by kind, position)' -%}
    queue_name || ':' || coalesce(message_id, 'unparsed') || case {{ copy }} when 1 then '' else '#' || {{ copy }} end
{%- endmacro %}
