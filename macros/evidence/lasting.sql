{% macro lasting(duration) -%}
    {%- set seconds = "floor(date_part('epoch', " ~ duration ~ "))::bigint" -%}
    case
        when {{ duration }} < interval '2 minutes' then {{ seconds }} || ' s'
        when {{ duration }} < interval '2 hours' then {{ seconds }} / 60 || ' min'
        when {{ duration }} < interval '48 hours' then {{ seconds }} / 3600 || ' h'
        else {{ seconds }} / 86400 || ' days'
    end
{%- endmacro %}
