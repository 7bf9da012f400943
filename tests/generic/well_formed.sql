{#
    The contract of a detection view that types cannot state, in one reading of it.
    Passes if every item has one of the given points and causes, an id that no other item of its point has, a limit, and
    a date that is not in the future. Fails with the items that do not.
    It runs after the history is written, so that one odd item does not keep the summary from being built.
#}
{% test well_formed(model, points, causes) %}
    -- depends_on: {{ ref('accumulation_history') }}

    {% set malformed_items %}
    with items as (
        select
            accumulation_point,
            entity_type,
            entity_id,
            stuck_since,
            age_seconds,
            threshold_seconds,
            cause,
            count(*) over (partition by accumulation_point, entity_id) as twins
        from {{ model }}
    )

    select *
    from items
    where
        coalesce(accumulation_point not in ('{{ points | join("', '") }}'), true)
        or coalesce(cause not in ('{{ causes | join("', '") }}'), true)
        or entity_type is null
        or entity_id is null
        or threshold_seconds is null
        or twins > 1
        or stuck_since > {{ stuck_jobs.as_of() }}
        or age_seconds < 0
    {% endset %}
    {{ stuck_jobs.whole_test(malformed_items) }}
{% endtest %}
