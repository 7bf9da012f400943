-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_schedules')) }}

{{ no_rows({
    'schedule': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'last_tick_at': 'timestamptz',
    'next_tick_at': 'timestamptz',
    'is_paused': 'boolean',
    'blocked_by_job': 'text',
    'suspicion': 'text',
}) }}
