select
    {judged_columns}
from {schema}.accumulation_points
