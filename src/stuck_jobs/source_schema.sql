-- The watched pipeline's tables with the indexes that they have, and no others.
create table jobs (
    id serial primary key,
    jobspec_id varchar(255) not null unique,
    jobspec_data jsonb not null,
    status varchar(50) default 'queued',
    created_at timestamp default now(),
    updated_at timestamp default now(),
    started_at timestamp,
    completed_at timestamp
);

create index idx_jobs_status on jobs (status);
create index idx_jobs_created_at on jobs (created_at);
create index idx_jobs_updated_at on jobs (updated_at);
create index idx_jobs_status_created_at on jobs (status, created_at desc);
create index idx_jobs_jobspec_data on jobs using gin (jobspec_data);

create table executions (
    id serial primary key,
    job_id integer references jobs (id),
    provider_id varchar(255) not null,
    region varchar(100) not null,
    status varchar(50) default 'pending',
    started_at timestamp,
    completed_at timestamp,
    output_data jsonb,
    receipt_data jsonb,
    model_id varchar(50) default 'llama3.2-1b',
    question_id varchar(255),
    created_at timestamp default now(),
    retry_count integer default 0,
    max_retries integer default 3,
    last_retry_at timestamptz,
    original_error text
);

create index idx_executions_job_id on executions (job_id);
create index idx_executions_status on executions (status);
create index idx_executions_region on executions (region);
create index idx_executions_created_at on executions (created_at);
create index idx_executions_job_id_created_at on executions (job_id, created_at desc);
create index idx_executions_job_id_status_created_at on executions (job_id, status, created_at desc);
create index idx_executions_cell on executions (job_id, region, model_id, question_id);

create table outbox (
    id bigserial primary key,
    topic text not null,
    payload jsonb not null,
    created_at timestamp default now(),
    published_at timestamp
);
