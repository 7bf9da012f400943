{#
    The gate: a deployment stops, or a schedule turns red, when a point is over its limit.
    Passes if the point has a row that says ok. Fails by the number of items over the limit; an unknown point, or one
    without a row, fails by one. The severity is the registry's. In a build it judges what the history has just been
    told, so that the summary is evaluated once, and a breach is not kept out of the history.
#}
{% test within_limit(model, point) %}
    {% set fields = registry()[point] %}
    {{ config(
        severity=fields.severity,
        tags=['gate'],
        fail_calc='coalesce(max(excess), 0)',
        meta={'accumulation_point': point}
    ) }}

    with expected as (
        select '{{ point }}' as accumulation_point
    )

    select
        expected.accumulation_point,
        summary.state,
        summary.stuck_count,
        greatest(coalesce(summary.stuck_count - summary.max_count, 1), 1) as excess
    from expected
    left join {{ stuck_jobs.verdicts(model, ref('accumulation_history')) }} as summary
        on expected.accumulation_point = summary.accumulation_point
    where summary.state is distinct from 'ok' and {{ fields.enabled }}
{% endtest %}
