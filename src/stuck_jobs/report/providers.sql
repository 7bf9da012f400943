-- How often each provider fails each region; of many providers or regions those that fail most, first what fails now.
with cells as (
    select
        provider_id,
        region,
        sum(executions)::bigint as executions,
        sum(finished)::bigint as finished,
        sum(finished - completed)::bigint as failed,
        sum(timed_out)::bigint as timed_out
    from {schema}.execution_reliability
    group by provider_id, region
),

failing as (
    select distinct provider_id, region, true as is_failing
    from {schema}.provider_failures
),

marked as (
    select
        cells.*,
        coalesce(failing.is_failing, false) as is_failing
    from cells
    left join failing
        on
            cells.provider_id is not distinct from failing.provider_id
            and cells.region is not distinct from failing.region
),

providers as (
    select
        provider_id,
        row_number() over (order by bool_or(is_failing) desc, sum(failed) desc, provider_id) as place,
        count(*) over () as providers
    from marked
    group by provider_id
),

regions as (
    select
        region,
        row_number() over (order by bool_or(is_failing) desc, sum(failed) desc, region) as place,
        count(*) over () as regions
    from marked
    group by region
)

select
    marked.provider_id,
    marked.region,
    marked.executions,
    marked.finished,
    marked.failed,
    marked.timed_out,
    round(marked.failed::numeric / nullif(marked.finished, 0), 4)::float8 as failure_rate,
    round(marked.timed_out::numeric / nullif(marked.finished, 0), 4)::float8 as timeout_rate,
    marked.is_failing,
    providers.providers,
    regions.regions
from marked
inner join providers on marked.provider_id is not distinct from providers.provider_id
inner join regions on marked.region is not distinct from regions.region
where providers.place <= %(providers)s and regions.place <= %(regions)s
order by marked.provider_id, marked.region
