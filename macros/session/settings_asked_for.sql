{% macro settings_asked_for() %}
    {% set settings = {} %}
    {% set found = modules.re.findall('\t\\s*(?:-c\\s*|--)([\\w.-]+)=([^\t]*)', target.search_path or '') %}
    {% for name, value in found %}
        {% do settings.update({name | replace('-', '_') | lower: value | trim}) %}
    {% endfor %}
    {{ return(settings) }}
{% endmacro %}
