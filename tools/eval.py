#!/usr/bin/env python3
"""How good is search? Runs `mcp-optimizer eval` on labelled sets and scores what it ranks.
usage: eval.py [--binary FILE] [--sets FOLDER] [--out FOLDER] [--against FOLDER] [--arms lexical,semantic,hybrid] [SET...]

FOLDER of sets (default ../shared/data/retrieval, besides tests/retrieval): <set>/tools.jsonl and queries.jsonl, lines as in
tests/retrieval. Runs are kept in --out (build/eval); --against compares with those of an earlier --out: the change of
Recall@8 with a paired bootstrap interval of 95 %. A set or an arm that cannot run is skipped, and said so."""
import argparse, json, math, os, random, subprocess, sys

TUNING = 'livemcpbench livemcp_agentq mcpproxy_golden toolbench metatool bfcl'.split()
KEYS = ['R@1', 'R@5', 'R@8', 'R@10', 'MRR@10', 'nDCG@10', 'C@8', 'empty']


def read_lines(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file if line.strip()]


def wanted_groups(query):
    """Of each group one tool is wanted; without groups every relevant tool is."""
    return query.get('groups') or [[tool] for tool in query['relevant']]


def score(query, ranked):
    place = {}
    for i, tool in enumerate(ranked):
        place.setdefault(tool, i)
    ranks = sorted(min((place[tool] for tool in group if tool in place), default=math.inf) for group in wanted_groups(query))
    ideal = sum(1 / math.log2(i + 2) for i in range(min(len(ranks), 10)))
    out = {f'R@{k}': sum(rank < k for rank in ranks) / len(ranks) for k in (1, 5, 8, 10)}
    out['MRR@10'] = 1 / (ranks[0] + 1) if ranks[0] < 10 else 0.
    out['nDCG@10'] = min(1., sum(1 / math.log2(rank + 2) for rank in ranks if rank < 10) / ideal)
    out['C@8'] = float(ranks[-1] < 8)
    out['empty'] = float(not ranked)
    return out


def mean(values):
    return sum(values) / len(values)


def score_run(folder, run):
    ranked = {line['id']: line['ranked'] for line in read_lines(run)}
    return [score(query, ranked.get(query['id'], [])) for query in read_lines(f'{folder}/queries.jsonl') if wanted_groups(query)]


def change(rows, before):
    """Mean change of Recall@8, and the middle 95 % of 1,000 resampled means (always the same ones)."""
    changes = [a['R@8'] - b['R@8'] for a, b in zip(rows, before)]
    rng = random.Random(1)
    means = sorted(mean(rng.choices(changes, k=len(changes))) for _ in range(1000))
    return f'  change {mean(changes):+.4f} [{means[25]:+.4f}, {means[974]:+.4f}]'


def run_set(binary, folder, arm, out):
    command = [binary, 'eval', '--tools', f'{folder}/tools.jsonl', '--queries', f'{folder}/queries.jsonl', '--run', out, '--arm', arm]
    done = subprocess.run(command, capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or [f'exit {done.returncode}'])[-1]


def evaluate_arm(options, sets, arm):
    print(f'\n{arm:18}' + ' '.join(f'{key:>7}' for key in KEYS))
    means = []
    for name, folder in sets:
        run = f'{options.out}/{arm}-{name}.jsonl'
        trouble = run_set(options.binary, folder, arm, run)
        if trouble:
            print(f'{name:18} skipped: {trouble}')
            continue
        rows = score_run(folder, run)
        before = f'{options.against}/{arm}-{name}.jsonl' if options.against else ''
        note = change(rows, score_run(folder, before)) if before and os.path.exists(before) else ''
        values = [mean([row[key] for row in rows]) for key in KEYS]
        print(f'{name:18}' + ' '.join(f'{value:7.4f}' for value in values) + f'  {len(rows)} requests{note}', flush=True)
        if name in TUNING:
            means.append(values)
    if len(means) > 1:
        print(f'{"mean of " + str(len(means)):18}' + ' '.join(f'{mean(column):7.4f}' for column in zip(*means)))


def find_sets(options):
    names = options.set or TUNING + ['sealtools']
    sets = [] if options.set else [('ours', 'tests/retrieval')]
    for name in names:
        folder = f'{options.sets}/{name}'
        if os.path.exists(f'{folder}/queries.jsonl'):
            sets.append((name, folder))
        else:
            print(f'{name}: skipped, {folder} is not here')
    return sets


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default='build/release/mcp-optimizer')
    parser.add_argument('--sets', default='../shared/data/retrieval')
    parser.add_argument('--out', default='build/eval')
    parser.add_argument('--against', help='an earlier --out to compare with')
    parser.add_argument('--arms', default='lexical,semantic,hybrid')
    parser.add_argument('set', nargs='*')
    options = parser.parse_args()
    if not os.access(options.binary, os.X_OK):
        sys.exit(f'{options.binary} is not there: ./do build')
    os.makedirs(options.out, exist_ok=True)
    sets = find_sets(options)
    for arm in options.arms.split(','):
        evaluate_arm(options, sets, arm)


if __name__ == '__main__':
    main()
