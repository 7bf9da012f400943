-- What recovery has changed so far; empty until the first time.
{{ raw_table('recovery_log', {
    'recovery_id': 'bigint',
    'recovered_at': 'timestamptz',
    'actor': 'text',
    'run_id': 'text',
    'accumulation_point': 'text',
    'entity_type': 'text',
    'entity_id': 'text',
    'jobspec_id': 'text',
    'cause': 'text',
    'remedy': 'text',
    'outcome': 'text',
    'reason': 'text',
    'before': 'jsonb',
    'after': 'jsonb',
}, needs_redis=false) }}
