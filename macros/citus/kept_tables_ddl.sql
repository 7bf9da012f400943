{% macro kept_tables_ddl(schema) -%}
create table if not exists {{ schema }}.kept_check (
    run_id text not null,
    checked_at timestamptz not null,
    is_whole boolean
);

create table if not exists {{ schema }}.kept_items (
    {{ stuck_jobs.kept_columns('items') }},
    check (accumulation_point is not null)
);

create table if not exists {{ schema }}.kept_watched_tables (
    table_name text not null,
    problem text
);

create table if not exists {{ schema }}.kept_unproven_points (
    {{ stuck_jobs.kept_columns('unproven_points') }},
    check (accumulation_point is not null)
);

create table if not exists {{ schema }}.kept_files (
    id smallint primary key default 1 check (id = 1),
    file_ids text
);

insert into {{ schema }}.kept_files (file_ids)
select null where not exists (select 1 from {{ schema }}.kept_files);

do $$
begin
    if not exists (select 1 from pg_catalog.pg_dist_partition where logicalrelid = '{{ schema }}.kept_files'::regclass) then
        perform create_reference_table('{{ schema }}.kept_files');
        perform truncate_local_data_after_distributing_table('{{ schema }}.kept_files');
    end if;
end
$$
{%- endmacro %}
