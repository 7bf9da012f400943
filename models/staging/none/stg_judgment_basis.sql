-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_judgment_basis')) }}

{{ no_rows({
    'basis': 'text',
}) }}
