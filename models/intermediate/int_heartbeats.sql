-- Whether whoever works on a job still gives a sign of life; NULL while it is silent and may only be finishing its
-- work: a worker that drains looks like a dead one. Where workers do not beat, the system's own rule says it. A beat
-- that no clock can have shown yet is none. Without a WITH clause, so that PostgreSQL flattens it into what asks; and
-- without a row where no system's workers are known, since PostgreSQL would plan it all the same.
{% set is_ahead = "holders.last_beat_at > " ~ latest_of_a_job() %}
{% set signal_at = "case when " ~ is_ahead ~ " then holders.started_at"
    ~ " else coalesce(holders.last_beat_at, holders.started_at) end" %}
{% set is_lost = signal_at ~ " < " ~ as_of()
    ~ " - coalesce(holders.lost_after, greatest(" ~ max_age('worker_lost') ~ ", holders.dead_after))" %}
{% if execute and is_left_out('stg_holders') %}
{{ no_rows({
    'job_id': source_key_type('jobs'),
    'jobspec_id': 'text',
    'status': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'holder_id': 'text',
    'signal_at': 'timestamptz',
    'is_holder_gone': 'boolean',
    'suspicion': 'text',
    'loss': 'text',
    'no_remedy': 'text',
    'is_held': 'boolean',
    'cause': 'text',
    'evidence': 'text',
}) }}
{% else %}
select
    holders.job_id,
    holders.jobspec_id,
    holders.status,
    holders.queue_name,
    holders.job_kind,
    holders.holder_id,
    {{ signal_at }} as signal_at,
    holders.last_beat_at is null as is_holder_gone,
    holders.suspicion,
    holders.loss,
    case
        when {{ is_ahead }}
            then coalesce(holders.no_remedy, 'the last beat of its worker is ahead of our clock, and proves no death')
        else holders.no_remedy
    end as no_remedy,
    case
        when holders.is_free then false
        when holders.dead_after is null then null
        when {{ is_lost }} then false
        when holders.last_beat_at between {{ as_of() }} - holders.dead_after and {{ latest_plausible() }} then true
    end as is_held,
    case
        when holders.loss is not null then 'worker_lost'
        when holders.dead_after is null then coalesce(holders.suspicion, 'unknown')
        when {{ is_lost }} then 'worker_lost'
        when holders.last_beat_at between {{ as_of() }} - holders.dead_after and {{ latest_plausible() }}
            then coalesce(holders.suspicion, 'worker_holding')
        else 'worker_silent'
    end as cause,
    case
        when holders.evidence is not null then holders.evidence
        when holders.last_beat_at is null then concat('its worker is gone, taken ', {{ ago('holders.started_at') }})
        else concat(
            'worker ', holders.holder_id || ' ', 'last beat ', {{ ago('holders.last_beat_at') }},
            ', dead or draining after ',
            {{ lasting('holders.dead_after') }}
        )
    end as evidence
from {{ ref('stg_holders') }} as holders
{% endif %}
