"""What makes up the dbt project: it goes into the wheel, and into what `stuck-jobs init` makes."""

PARTS = (
    "README.md",
    "analyses",
    "dbt_project.yml",
    "docs",
    "expectations/checkpoints",
    "expectations/config_variables.yml",
    "expectations/great_expectations.yml",
    "expectations/suites",
    "expectations/validation_definitions",
    "macros",
    "models",
    "profiles.example.yml",
    "selectors.yml",
    "tests/generic",
    "tests/singular",
)
