{% macro seconds_between(earlier, later) -%}
    case
        when isfinite({{ earlier }}) and isfinite({{ later }}) and {{ later }} >= {{ earlier }}
            then extract(epoch from {{ later }} - {{ earlier }})::double precision
    end
{%- endmacro %}
