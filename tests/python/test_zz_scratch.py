from __future__ import annotations
from test_incidents import *
from test_incidents import views, told
from stuck_jobs.demo.generator import generate, MIN_JOBS
from stuck_jobs.demo.stories import *

def show(views, label):
    print("\n###", label)
    for r in views.rows("select incident_id, kind, scope, points, items, jobs, title, evidence, first_step from incidents order by kind, scope"):
        print("  ", r[1], "|", r[2], "|", r[3], "| items", r[4], "jobs", r[5], "|", r[6], "|", r[7], "|", r[8])
    assert_each_item_has_one(views)

FLOOD = Story(stories.flooded, 1, (60, 1440))
LAG = Story(stories.not_consumed, 6, (7, 20))
DEAD1 = Story(stories.retries_exhausted, 4, (60, 300))
DEAD2 = Story(stories.permanent_failure, 3, (60, 300))
LOST = Story(stories.message_lost, 3, (7, 60))
NEVER = Story(stories.never_announced, 3, (60, 300))
RETRY = Story(stories.retry_overdue, 3, (20, 60))
COLD = PROVIDER_FAILS
UNREACH = Story(stories.provider_unreachable, 3, (15, 50))
COMBOS = {
 "lag": (LAG, FLOOD),
 "lag+crash": (LAG, OF_THE_FIRST),
 "lag+unserved": (LAG, FLOOD, UNSERVED_JOBS),
 "lag+publisher": (LAG, PUBLISHER_DOWN),
 "dead letters": (DEAD1, DEAD2),
 "retry+lag": (RETRY, LAG),
 "lost+never": (LOST, NEVER),
 "two providers": (COLD, UNREACH),
 "crash two + unserved + publisher": (OF_THE_FIRST, OF_THE_SECOND, UNSERVED_JOBS, PUBLISHER_DOWN),
 "hang+provider": (Story(stories.execution_hangs, 4, (40, 400)), UNREACH),
 "inserts": (Story(stories.inserts_failed, 4, (40, 400)), Story(stories.never_started, 3, (40, 400))),
 "provider silent": (Story(stories.provider_silent, 4, (22, 27)), Story(stories.model_broken, 2, (15,50))),
}
def test_all(views, told):
    for name, of in COMBOS.items():
        told(*of)
        show(views, name)
    # silence: only the broken jobs live, nothing written
    for name, of in {"publisher": (PUBLISHER_DOWN,), "publisher+crash": (PUBLISHER_DOWN, OF_THE_FIRST), "crash": (OF_THE_FIRST,), "publisher+unserved": (PUBLISHER_DOWN, UNSERVED_JOBS), "lag": (LAG,)}.items():
        told(*of)
        views.execute(
            "delete from executions where created_at > now() at time zone 'UTC' - interval '12 minutes'",
            "update executions set started_at = least(started_at, now() at time zone 'UTC' - interval '12 minutes'), completed_at = least(completed_at, now() at time zone 'UTC' - interval '12 minutes')",
            "delete from executions where job_id in (select id from jobs where created_at > now() at time zone 'UTC' - interval '7 minutes')",
            "delete from jobs where created_at > now() at time zone 'UTC' - interval '7 minutes'",
            "update jobs set created_at = created_at - interval '12 minutes', updated_at = updated_at - interval '12 minutes'",
        )
        show(views, "silence " + name)
