{% macro check_configs() %}
    {% if execute %}
        {% do stuck_jobs.check_flags() %}
        {% set own = {'int_known_gaps': 'judgment', 'accumulation_history': 'incremental'} %}
        {% set registry = stuck_jobs.registry() %}
        {% set names = [] %}
        {% for node in graph.nodes.values() if node.package_name == 'stuck_jobs' and node.resource_type in ('model', 'test') %}
            {% do names.append(node.name) %}
            {% set config = node.config %}
            {% set point = node.name[5:] if node.name.startswith('gate_') else none %}
            {% set wanted = {
                'materialized': own.get(node.name, 'view_in_place'),
                'schema': none,
                'alias': none,
                'full_refresh': false,
                'unlogged': false,
                'incremental_strategy': 'append' if node.name == 'accumulation_history' else none,
                'unique_key': none,
                'sql_header': none,
                'contract': node.fqn[1] in ('detection', 'monitoring', 'analytics'),
            } if node.resource_type == 'model' else {
                'severity': 'error',
                'where': none,
                'limit': none,
                'error_if': "<> 0 and bool_or(severity = 'error')" if point else '!= 0',
                'warn_if': '!= 0',
                'fail_calc': 'coalesce(max(excess), 0)' if point else 'count(*)',
                'store_failures': false,
            } %}
            {% for name, value in wanted.items() %}
                {% set found = config.contract.enforced if name == 'contract' else config.get(name) %}
                {% if (found or none) != (value or none) and (found | string | lower) != (value | string | lower) %}
                    {% do stuck_jobs.refuse_setting(
                        ('models' if node.resource_type == 'model' else 'data_tests') ~ ": +" ~ name ~ ": " ~ found,
                        node.name, "which needs " ~ (value if value is not none else 'none')
                    ) %}
                {% endif %}
            {% endfor %}
        {% endfor %}
        {% for point, fields in registry.items() if fields.enabled and 'gate_' ~ point not in names %}
            {% if fields.evidence != 'snapshot' or var('redis_enabled') %}
                {% do exceptions.raise_compiler_error(
                    "the setting data_tests: +enabled: false of the project reaches gate_" ~ point
                    ~ " of the package stuck_jobs; a point is disabled by vars: thresholds"
                ) %}
            {% endif %}
        {% endfor %}
    {% endif %}
{% endmacro %}
