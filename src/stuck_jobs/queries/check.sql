call {schema}."check"(null)
