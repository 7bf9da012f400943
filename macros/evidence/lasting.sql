{% macro lasting(seconds) -%}
    case
        when {{ seconds }} < 120 then ({{ seconds }}) || ' s'
        when {{ seconds }} < 7200 then ({{ seconds }}) / 60 || ' min'
        when {{ seconds }} < 172800 then ({{ seconds }}) / 3600 || ' h'
        else ({{ seconds }}) / 86400 || ' days'
    end
{%- endmacro %}
