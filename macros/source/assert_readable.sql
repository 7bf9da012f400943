{% macro assert_readable(table, column) %}
    {% if column in table.unreadable %}
        {% do exceptions.raise_compiler_error(
            "the role '" ~ target.user ~ "' may not read the column '" ~ column ~ "' of the watched table " ~ table.name
            ~ ": grant select (" ~ column ~ ") on " ~ table.name ~ " to it"
        ) %}
    {% endif %}
{% endmacro %}
