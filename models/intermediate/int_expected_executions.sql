-- What each job's spec asks for: a row per (region, model, question) cell. A model that names regions runs only there;
-- a spec without models or questions asks once for what it leaves open. Without a WITH clause around it, so that
-- PostgreSQL flattens it into what asks.
{% set executions = source_table('executions') %}

select
    jobs.job_id,
    cell.region,
    cell.model_id,
    cell.question_id
from {{ ref('stg_jobs') }} as jobs
cross join lateral (
    with
    spec as (
        select
            {{ json_regions('jobs.spec_regions') }} as regions,
            {{ json_models('jobs.spec_metadata_models') }} as metadata_models,
            {{ json_models('jobs.spec_models') }} as top_models,
            {{ json_strings('jobs.spec_questions') }} as questions
    ),

    models as (
        select
            {{ recorded(executions, 'model_id', "model ->> 'id'") }} as model_id,
            {{ json_regions("model -> 'regions'") }} as regions
        from spec, unnest(
            case
                when cardinality(metadata_models) > 0 then metadata_models
                when cardinality(top_models) > 0 then top_models
                else array['{}'::jsonb]
            end
        ) as model
    ),

    questions as (
        select {{ recorded(executions, 'question_id', 'question') }} as question_id
        from spec, unnest(
            case when cardinality(questions) > 0 then questions else array[null] end
        ) as question
    ),

    regions as (
        select unnest(spec.regions) as region
        from spec
        union all
        select unnest(models.regions)
        from spec, models
        where cardinality(spec.regions) = 0
    )

    select distinct
        regions.region,
        models.model_id,
        questions.question_id
    from regions
    inner join models
        on cardinality(models.regions) = 0 or regions.region = any(models.regions)
    cross join questions
    offset 0
) as cell
