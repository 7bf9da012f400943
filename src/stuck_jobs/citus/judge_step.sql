call {schema}.judge_step(null)
