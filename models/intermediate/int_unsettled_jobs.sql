-- The closed jobs whose completeness is not settled: known gaps, which may have been filled, and what was closed since
-- the history was judged. All others are complete.
{{ unsettled_jobs(ref('int_known_gaps')) }}
