{#
    The gate: a deployment stops, or a schedule turns red, when a point is over its limit.
    Passes if the point has a row that says ok, or is none of the watched system's. Fails by the number of items over the
    limit; an unknown point, or one without a row, fails by one. It only warns where the registry says so. In a build it
    judges what the history has just been told, so that the summary is evaluated once, and a breach is not kept out of
    the history.
#}
{% test within_limit(model, point) %}
    {{ config(
        tags=['gate'],
        fail_calc='coalesce(max(excess), 0)',
        error_if="<> 0 and bool_or(severity = 'error')",
        meta={'accumulation_point': point}
    ) }}
    {#- while dbt parses, a test sees no macro that is looked up by its name, as those of the systems are -#}
    {% set fields = stuck_jobs.registry()[point] if execute else {'enabled': true, 'severity': 'error'} %}

    with expected as (
        select
            '{{ point }}' as accumulation_point,
            '{{ fields.severity }}' as severity
    )

    select
        expected.accumulation_point,
        expected.severity,
        summary.state,
        summary.stuck_count,
        greatest(coalesce(summary.stuck_count - summary.max_count, 1), 1) as excess
    from expected
    left join {{ stuck_jobs.verdicts(model, ref('accumulation_history')) }} as summary
        on expected.accumulation_point = summary.accumulation_point
    where summary.state is distinct from 'ok' and {{ fields.enabled }}
{% endtest %}
