select to_regprocedure(%(procedure)s) is not null as is_distributed
