-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_unproven_points')) }}

{{ no_rows({
    'accumulation_point': 'text',
    'problem': 'text',
}) }}
