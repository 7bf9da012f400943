md5(concat(
    source_rows::text,
    (
        select string_agg(concat_ws(' ', executions.execution_id, executions.status), ',' order by executions.execution_id)
        from {schema}.stg_executions as executions
        where executions.job_id = source_rows.job_id
    )
))
