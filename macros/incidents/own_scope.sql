{% macro own_scope(item) -%}
    case
        when {{ item }}.waits_in_queue then {{ item }}.queue_name
        else concat_ws('/', {{ item }}.accumulation_point, {{ item }}.cause)
    end
{%- endmacro %}
