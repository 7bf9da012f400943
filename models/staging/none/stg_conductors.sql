-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_conductors')) }}

{{ no_rows({
    'conductor': 'text',
    'last_beat_at': 'timestamptz',
    'max_silence': 'interval',
}) }}
