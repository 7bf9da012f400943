{% macro refuse_setting(setting, name, reason) %}
    {% do exceptions.raise_compiler_error(
        "the setting " ~ setting ~ " of the project reaches " ~ name ~ " of the package stuck_jobs, " ~ reason
        ~ "; limit it to your own models, or take it back under stuck_jobs:"
    ) %}
{% endmacro %}
