import time
from tests.functions.conftest import *
from tests.functions.test_contention import *
def test_cost(page, create, calls):
    token = create(maxMessagesPerSession=100, **AMPLE)
    session = page.open(token.value)
    calls.clear(); t=time.perf_counter()
    statuses = at_once(lambda _: say_until(page, session, 429), range(THREADS))
    from collections import Counter
    flat=[s for e in statuses for s in e]
    print("COST", time.perf_counter()-t, Counter(calls), Counter(flat))
