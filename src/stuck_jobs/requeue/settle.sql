update {log}
set outcome = %(outcome)s, reason = %(reason)s, after = %(after)s
where recovery_id = %(id)s
