md5(concat(
    source_rows::text,
    (
        select string_agg(concat_ws(' ', executions.id, executions.status), ',' order by executions.id)
        from {executions} as executions
        where executions.job_id = source_rows.id
    )
))
