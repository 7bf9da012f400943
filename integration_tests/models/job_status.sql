-- A model of the name of one of the package's, read by one that reads the package's as well.
select 'ours' as whose
{{ limit(1) }}
