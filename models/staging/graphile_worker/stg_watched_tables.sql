-- The watched tables with what hides rows of them from our role: graphile-worker enables row level security on all of
-- them and makes no policy, so that whoever does not own them reads none of their rows, and gets no error, as
-- findings/graphile-worker-hides-its-rows.sh shows.
{{ config(enabled=is_system('graphile_worker')) }}

{{ watched_tables([
    source('graphile_worker', 'jobs'),
    source('graphile_worker', 'job_queues'),
    source('graphile_worker', 'tasks'),
    source('graphile_worker', 'known_crontabs'),
]) }}
