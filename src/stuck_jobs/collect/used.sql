select count(*) from (select from {schema}.stg_jobs limit %(sample)s) as jobs
