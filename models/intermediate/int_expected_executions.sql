-- What each job's spec asks for: a row per (region, model, question) cell. A model that names regions runs only there;
-- a spec without models or questions asks once for what it leaves open. Without a WITH clause around it, so that
-- PostgreSQL flattens it into what asks.
select
    jobs.job_id,
    cell.region,
    cell.model_id,
    cell.question_id
from {{ ref('stg_job_specs') }} as jobs
cross join lateral (
    {{ expected_cells('jobs', source_table('executions')) | indent }}
    offset 0
) as cell
