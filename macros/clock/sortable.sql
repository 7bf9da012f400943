{% macro sortable(timestamp) -%}
    case
        when isfinite({{ timestamp }})
            then lpad((date_part('epoch', {{ timestamp }}) * 1000000)::bigint::text, 18, '0')
        when {{ timestamp }} < {{ as_of() }} then ''
    end
{%- endmacro %}
