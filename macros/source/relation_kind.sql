{% macro relation_kind(source) %}
    {% set relation = load_relation(source) if execute else none %}
    {{ return(relation.type | string if relation is not none else none) }}
{% endmacro %}
