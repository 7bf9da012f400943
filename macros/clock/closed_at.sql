{% macro closed_at() -%}
    case
        when completed_at <= {{ latest_plausible() }} then completed_at
        when updated_at <= {{ latest_plausible() }} then updated_at
    end
{%- endmacro %}
