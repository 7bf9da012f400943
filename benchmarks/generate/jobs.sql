insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at, started_at, completed_at)
select
    planned.id,
    planned.jobspec_id,
    jsonb_build_object(
        'id', planned.jobspec_id,
        'version', 'v1',
        'benchmark', jsonb_build_object(
            'name', 'bias-detection',
            'description', 'Compares how models answer sensitive and neutral questions from several regions',
            'container', jsonb_build_object(
                'image', 'ghcr.io/example/bias-detection', 'tag', 'v1.4.2',
                'resources', jsonb_build_object('cpu', '1000m', 'memory', '2Gi')
            ),
            'input', jsonb_build_object(
                'type', 'prompt', 'hash', 'sha256:' || digests.spec || digests.wallet, 'prompt', prompts.prompt
            ),
            'scoring', jsonb_build_object('method', 'similarity', 'parameters', jsonb_build_object('threshold', 0.8))
        ),
        'constraints', jsonb_build_object(
            'regions', shapes.regions, 'min_regions', 1, 'min_success_rate', 0.67, 'timeout', 900000000000,
            'provider_timeout', 600000000000
        ),
        'metadata', jsonb_build_object(
            'models', shapes.models, 'created_by', 'portal', 'execution_type', 'cross-region',
            'estimated_cost', 0.0012 * planned.draw, 'nonce', digests.nonce, 'timestamp', planned.created_at
        ),
        'questions', shapes.questions,
        'wallet_auth', jsonb_build_object(
            'address', '0x' || digests.wallet, 'signature', '0x' || repeat(digests.spec || digests.nonce, 2) || '1b',
            'message', 'Authorize the key ' || digests.wallet, 'chain_id', 1, 'expires_at', planned.created_at
        ),
        'created_at', planned.created_at,
        'signature', digests.spec || digests.wallet || digests.nonce,
        'public_key', digests.wallet || digests.wallet
    ) as jobspec_data,
    planned.status,
    planned.created_at,
    planned.updated_at,
    planned.started_at,
    planned.completed_at
from planned
inner join shapes using (shape)
inner join prompts using (draw)
cross join lateral (
    -- A thousand wallets sign all the jobs.
    select md5(planned.jobspec_id) as spec, md5('wallet' || planned.draw) as wallet, md5('nonce' || planned.id) as nonce
) as digests
order by planned.id;

select setval('jobs_id_seq', max(id)) from jobs;
