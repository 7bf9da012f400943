{% macro incident_id(kind, scope) -%}
    -- a queue that lags may turn out to be one that nobody serves
    left(md5(concat(
        case {{ kind }} when 'queue_lagging' then 'queue_unserved' else {{ kind }} end, ':' || {{ scope }}
    )), 12)
{%- endmacro %}
