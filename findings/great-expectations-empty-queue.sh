#!/usr/bin/env bash
# Great Expectations 1.24.1: that no value is above a limit can be said in two ways, and of a table without rows they
# say the opposite: ExpectColumnValuesToBeBetween holds, ExpectColumnMaxToBeBetween fails, and nothing says that it had
# no rows. A limit on a sum fails in SQL and holds in pandas. So an empty queue breaks a limit on how long what is in it
# waits.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    great_expectations==1.24.1 sqlalchemy==2.1.9
cat > "$work/example.py" << 'PYTHON'
import sqlite3
import sys

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

path = f"{sys.argv[1]}/queue.db"
sqlite3.connect(path).execute("create table waiting (age real)")
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
database = context.data_sources.add_sqlite("database", connection_string=f"sqlite:///{path}")
table = database.add_table_asset("waiting", table_name="waiting")
frame = context.data_sources.add_pandas("pandas").add_dataframe_asset("waiting")
batches = {
    "SQL": table.add_batch_definition_whole_table("all").get_batch(),
    "pandas": frame.add_batch_definition_whole_dataframe("all").get_batch(
        {"dataframe": pd.DataFrame({"age": pd.Series(dtype=float)})}
    ),
}
said = {}
for kind in (gxe.ExpectColumnValuesToBeBetween, gxe.ExpectColumnMaxToBeBetween, gxe.ExpectColumnSumToBeBetween):
    results = [batch.validate(kind(column="age", max_value=5)) for batch in batches.values()]
    assert not any(result.exception_info["raised_exception"] for result in results)
    said[kind.__name__] = [bool(result.success) for result in results]
    print(kind.__name__, dict(zip(batches, said[kind.__name__])))
sys.exit(list(said.values()) != [[True, True], [False, False], [False, True]])
PYTHON
"$work/venv/bin/python" "$work/example.py" "$work"
