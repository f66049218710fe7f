"""One ranking of 500 candidates, beside numpy on the same numbers and beside the least that a ranking can be, in C."""
import subprocess

from benchmark import ROUNDS, compiled, figures, line, load, median, product, table

STATUSES = 10_000
PEER = '''
import time, numpy
generator = numpy.random.default_rng(11)
affinity, likes, age = (generator.random(%d) for _ in range(3))
rows = generator.choice(%d, 500, replace=False)
def slate():
    score = 0.4 * affinity[rows] + 0.3 * numpy.log1p(likes[rows] * 200) + 0.3 * numpy.exp2(-age[rows] * 25)
    best = numpy.argpartition(-score, 20)[:20]
    return rows[best[numpy.argsort(-score[best])]]
for _ in range(100): slate()
start = time.process_time()
for _ in range(5000): slate()
print("numpy", (time.process_time() - start) / 5000 * 1e6)
''' % (STATUSES, STATUSES)


def numpy():
    run = subprocess.run(["/usr/bin/python3", "-c", PEER], capture_output=True, text=True)
    return float(run.stdout.split()[1]) if run.returncode == 0 else None


least = compiled("blend", "-lm")
runs = [(product("ranking", STATUSES), numpy(), figures(least, STATUSES)["blend"]) for _ in range(ROUNDS)]
ours = {name: median(run[0][name] for run in runs) for name in runs[0][0]}
peer = median(run[1] for run in runs) if runs[0][1] else None
smallest = median(run[2] for run in runs)
print(f"ranking {ours['candidates']:.0f} candidates out of {STATUSES} statuses; {ROUNDS} runs in turn, {load()}")
table(["CPU us", ""], [["product: rank (signals, blend, decay, variety, caps, reasons)", f"{ours['rank']:.1f}"],
                       ["product: slate (the reader's view, six sources, rank)", f"{ours['slate']:.1f}"],
                       ["numpy: three signals, blend, best 20", f"{peer:.1f}" if peer else "not installed"],
                       ["C: three signals, blend, best 20", f"{smallest:.1f}"]])
line(f"rank {ours['candidates']:.0f} candidates", f"{ours['rank']:.1f} us CPU", f"{peer:.1f} us (numpy, blend only)" if peer else "-",
     f"{ours['rank'] / peer:.2f}" if peer else "-", "<= 50 us", ours["rank"] <= 50, ROUNDS)
