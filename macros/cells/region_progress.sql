{% macro region_progress() -%}
    select
        coalesce(sum(by_region.gaps), 0)::bigint as gaps,
        count(*) filter (where by_region.gaps = 0) as regions_complete,
        count(*) filter (where by_region.gaps > 0) as regions_incomplete
    from (
        select count(*) filter (where expected.cell <> all(job_cells.written_cells)) as gaps
        from unnest(job_cells.regions, job_cells.cells) as expected (region, cell)
        group by expected.region
    ) as by_region
{%- endmacro %}
