"""`make mutants SEED=n`: draws 300 mutants of shared, functions, and templates, and prints those that no test kills.

The seed says which are drawn. Each runs with the tests that cover its line, until one fails.
"""

import argparse
import itertools
import multiprocessing
import os
import random
import shutil
import sys
import time
from pathlib import Path

import yaml

from infra.local.template import ROOT
from tests.mutants import code, template
from tests.mutants.coverage_map import CoverageMap
from tests.mutants.sandbox import SURVIVES, Sandbox

ROOM = ROOT / ".local" / "mutants"
EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
LEAST = 0.95
# Tests that pass if forked children can run tests at all: without AWS, and with it.
SOUND = ["tests/rules", "tests/functions/test_init.py"]


def main():
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--path", default="", help="draw from files whose path starts so")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    everything = list(_all())
    equivalent = _equivalent({mutant.key for mutant in everything})
    candidates = [mutant for mutant in everything if mutant.path.startswith(options.path)]
    random.Random(options.seed).shuffle(candidates)  # noqa: S311 - by lot
    drawn = list(itertools.islice(filter(_is_program, candidates), options.count))
    tested = [mutant for mutant in drawn if mutant.key not in equivalent]
    print(f"{len(drawn)} of {len(candidates)} mutants are drawn; {len(drawn) - len(tested)} of them are equivalent.")
    survivors = _survivors(tested, options.jobs)
    for mutant in sorted(survivors):
        print(f"\n{mutant.path}:{mutant.line}\n  {mutant.key}")
    rate = 1 - len(survivors) / len(tested)
    print(f"\n{len(tested) - len(survivors)} of {len(tested)} are killed: {rate:.1%}.")
    sys.exit(0 if rate >= LEAST else f"That is less than {LEAST:.0%}.")


def _is_program(mutant):
    return mutant.path in template.PATHS or mutant.is_program(ROOT)


def _all():
    for room in ("functions", "shared"):
        for file in sorted((ROOT / room).glob("**/*.py")):
            yield from code.mutants(ROOT, str(file.relative_to(ROOT)))
    yield from template.mutants(ROOT)


def _equivalent(existing):
    listed = {one["mutant"]: one["reason"] for one in yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8"))}
    if stale := sorted(listed.keys() - existing):
        sys.exit("\n".join([f"{EQUIVALENT.relative_to(ROOT)} lists mutants that no longer exist:", *stale]))
    return listed


def _survivors(mutants, jobs):
    ROOM.mkdir(parents=True, exist_ok=True)
    copies = ROOM / f"copies-{os.getpid()}"
    try:
        sandboxes = [Sandbox(ROOT, copies / str(number)) for number in range(jobs)]
        coverage = CoverageMap(sandboxes[0], ROOM, jobs)
        _preload()
        for sandbox in sandboxes:
            output = sandbox.directory / "output"
            if sandbox.run(SOUND, output) != SURVIVES:
                sys.exit(f"{output.read_text(encoding='utf-8')[-5000:]}\nThese tests fail without a mutant.")
        work = [(mutant, coverage.tests(mutant)) for mutant in mutants]
        fork = multiprocessing.get_context("fork")
        free = fork.Queue()
        for sandbox in sandboxes:
            free.put(sandbox)
        survivors = []
        with fork.Pool(jobs, _begin, [free]) as pool:
            for number, (index, outcome, seconds) in enumerate(pool.imap_unordered(_test, enumerate(work)), start=1):
                mutant = mutants[index]
                place = f"{mutant.path}:{mutant.line}"
                print(
                    f"{number:4}/{len(mutants)} {outcome:9} in {seconds:5.1f} s  {place}  {mutant.change}", flush=True
                )
                if outcome == SURVIVES:
                    survivors.append(mutant)
        return survivors
    finally:
        shutil.rmtree(copies, ignore_errors=True)


def _preload():
    """Loads heavy third-party packages once, instead of in every child."""
    import boto3  # noqa: F401
    import cryptography.hazmat.primitives.asymmetric.rsa  # noqa: F401
    import hypothesis  # noqa: F401
    import jwt  # noqa: F401
    import moto
    import moto.cloudformation.models
    import moto.dynamodb.models
    import moto.kms.models  # noqa: F401
    import pydantic  # noqa: F401
    import samtranslator.translator.translator  # noqa: F401
    import werkzeug.test  # noqa: F401

    # libyaml reads the templates ten times as fast.
    yaml.SafeLoader = yaml.CSafeLoader


def _begin(free):
    """Runs in each process of the pool: takes its own sandbox."""
    global _sandbox  # noqa: PLW0603 - how a pool's processes keep something
    _sandbox = free.get()


def _test(one):
    index, (mutant, tests) = one
    begun = time.monotonic()
    outcome = _sandbox.outcome(mutant, tests, is_template=mutant.path in template.PATHS)
    return index, outcome, time.monotonic() - begun


if __name__ == "__main__":
    main()
