{% macro expected_cells(spec, executions) -%}
    with
    spec as (
        select
            {{ stuck_jobs.json_regions(spec ~ '.spec_regions') }} as regions,
            {{ stuck_jobs.json_models(spec ~ '.spec_metadata_models') }} as metadata_models,
            {{ stuck_jobs.json_models(spec ~ '.spec_models') }} as top_models,
            {{ stuck_jobs.json_strings(spec ~ '.spec_questions') }} as questions
    ),

    models as (
        select
            {{ stuck_jobs.recorded(executions, 'model_id', "model ->> 'id'") }} as model_id,
            {{ stuck_jobs.json_regions("model -> 'regions'") }} as regions
        from spec, unnest(
            case
                when cardinality(metadata_models) > 0 then metadata_models
                when cardinality(top_models) > 0 then top_models
                else array['{}'::jsonb]
            end
        ) as model
    ),

    questions as (
        select {{ stuck_jobs.recorded(executions, 'question_id', 'question') }} as question_id
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
{%- endmacro %}
