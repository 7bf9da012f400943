select accumulation_point, level, state, stuck_count, max_count, oldest_age_seconds, severity, remedy,
    evidence
from {schema}.accumulation_points
