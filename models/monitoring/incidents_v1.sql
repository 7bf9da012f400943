-- What broke: stuck items that share one fault are one incident, with what it has reached and what to do first.
{{ incidents_of(ref('int_item_faults')) }}
