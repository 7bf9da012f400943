{#
    Macros of the names that the package uses, which it must not notice.
#}
{% macro as_of() %}{{ exceptions.raise_compiler_error('not yours') }}{% endmacro %}

{% macro registry() %}{{ exceptions.raise_compiler_error('not yours') }}{% endmacro %}

{% macro limit(number) %}limit {{ number }}{% endmacro %}
