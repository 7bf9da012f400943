{% macro region_progress() -%}
    select
        greatest(coalesce(sum(by_region.gaps), 0)::bigint, ({{ stuck_jobs.is_spec_unreadable() }})::int) as gaps,
        count(*) filter (where by_region.gaps = 0) as regions_complete,
        count(*) filter (where by_region.gaps > 0) as regions_incomplete,
        coalesce(bool_or(by_region.gaps = 0) and bool_or(by_region.gaps > 0), false) as is_interrupted
    from (
        select count(*) filter (where expected.cell <> all(job_cells.written_cells)) as gaps
        from unnest(job_cells.regions, job_cells.cells) as expected (region, cell)
        group by expected.region
    ) as by_region
{%- endmacro %}
