-- On what a judgment of the history rests: the files of the tables, their columns, and the settings by which cells are
-- compared. Where it is another than when the history was judged, the judgment does not hold.
{{ config(enabled=is_system('pipeline')) }}

{% set tables = {'jobs': source('pipeline', 'jobs'), 'executions': source('pipeline', 'executions')} %}

{% if is_distributed() %}
select concat_ws(' ', file_ids, {{ judgment_rules(tables) }}) as basis from {{ own_schema() }}.kept_files
{% else %}
select {{ judgment_basis(tables) }} as basis
{% endif %}
