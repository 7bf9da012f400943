{% macro report_gate(results) %}
    {% set failed = [] %}
    {% for result in results
        if result.node.package_name == 'stuck_jobs' and 'gate' in result.node.tags and result.status in ('fail', 'warn') %}
        {% do failed.append("'" ~ result.node.config.meta.accumulation_point ~ "'") %}
    {% endfor %}
    {% if execute and failed %}
        {% set relations = {} %}
        {% for node in graph.nodes.values()
            if node.package_name == 'stuck_jobs' and node.name in ('accumulation_points', 'accumulation_history') %}
            {% do relations.update({node.name: node.relation_name}) %}
        {% endfor %}
        {% set verdicts = stuck_jobs.verdicts(relations.accumulation_points, relations.accumulation_history) %}
        {% set points = run_query(
            "select
                accumulation_point,
                case state
                    when 'unknown' then 'unknown: ' || coalesce(evidence, 'there is no evidence that can be relied on')
                    else format(
                        '%s: %s stuck, %s allowed%s%s',
                        state, stuck_count, max_count,
                        ', the oldest for ' || justify_interval(make_interval(secs => oldest_age_seconds)),
                        ' (' || evidence || ')'
                    )
                end as verdict
            from " ~ verdicts ~ " as verdicts
            where accumulation_point in (" ~ failed | join(', ') ~ ")
            order by accumulation_point"
        ) %}
        {% for point in points.rows %}
            {% do print('gate: ' ~ point.accumulation_point ~ ' is ' ~ point.verdict) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
