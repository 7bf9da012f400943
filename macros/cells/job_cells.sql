{% macro job_cells(candidates, columns) -%}
    {%- set columns = ['job_id'] + columns -%}
    select
        job.*,
        specs.spec_regions,
        expected.regions,
        expected.model_ids,
        expected.question_ids,
        expected.cells,
        written.regions as written_regions,
        written.cells as written_cells
    from (
        select
            {%- for column in columns %}
            array_agg({{ column }}) as each_{{ column }},
            {%- endfor %}
            spec_regions,
            spec_metadata_models,
            spec_models,
            spec_questions
        from {{ candidates }} as candidates
        cross join lateral (
            select
                spec_regions,
                spec_metadata_models,
                spec_models,
                spec_questions
            from {{ ref('stg_job_specs') }} as job_specs
            where job_specs.job_id = candidates.job_id
            offset 0
        ) as spec
        group by spec_regions, spec_metadata_models, spec_models, spec_questions
    ) as specs,
    lateral (
        select
            array_agg(region) as regions,
            array_agg(model_id) as model_ids,
            array_agg(question_id) as question_ids,
            bool_or(model_id is not null) as asks_for_models,
            bool_or(question_id is not null) as asks_for_questions,
            coalesce(array_agg(
                {{ stuck_jobs.cell("region", "coalesce(model_id, '')", "coalesce(question_id, '')") }}
            ), '{}') as cells
        from (
            {{ stuck_jobs.expected_cells('specs', stuck_jobs.source_table('executions')) | indent(12) }}
        ) as expected_cells
        offset 0
    ) as expected,
    unnest(specs.each_{{ columns | join(', specs.each_') }}) as job ({{ columns | join(', ') }}),
    lateral (
        select
            coalesce(array_agg(router_region), '{}') as regions,
            coalesce(array_remove(array_agg(
                {{
                    stuck_jobs.cell(
                        "router_region",
                        "case when expected.asks_for_models then model_id else '' end",
                        "case when expected.asks_for_questions then question_id else '' end"
                    )
                }}
            ), null), '{}') as cells
        from {{ ref('stg_executions') }} as executions
        where executions.job_id = job.job_id
        offset 0
    ) as written
{%- endmacro %}
