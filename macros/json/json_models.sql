{% macro json_models(json) -%}
    array(
        select
            case jsonb_typeof(element)
                when 'string' then jsonb_build_object('id', element)
                else element
            end
        from jsonb_array_elements({{ stuck_jobs.json_array(json) }}) as element
        where jsonb_typeof(element) = 'string' or jsonb_typeof(element -> 'id') = 'string'
    )
{%- endmacro %}
