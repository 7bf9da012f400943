-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_job_specs')) }}

{{ no_rows({
    'job_id': source_key_type('jobs'),
    'spec_regions': 'jsonb',
    'spec_metadata_models': 'jsonb',
    'spec_models': 'jsonb',
    'spec_questions': 'jsonb',
    'spec_min_success_rate': 'jsonb',
}) }}
