"""The unit tests of the views pass as a contributor's `dbt build` runs them."""

from conftest import Warehouse


def test_unit_tests_pass_as_they_are_shipped(built: Warehouse) -> None:
    outcome = built.run_dbt("test", "--select", "test_type:unit", variables={"redis_enabled": True})
    assert outcome.exit_code == 0, outcome.output
    assert "PASS" in outcome.output
