{% macro built(name) %}
    {% for node in graph.nodes.values() if node.package_name == 'stuck_jobs' and node.name == name and node.version == node.latest_version %}
        {{ return(adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias)) }}
    {% endfor %}
{% endmacro %}
