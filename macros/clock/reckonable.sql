{% macro reckonable(instant) -%}
    case
        when {{ instant }} between timestamptz '1970-01-01 00:00:00+00' and timestamptz '9999-12-31 23:59:59.999999+00'
            then {{ instant }}
    end
{%- endmacro %}
