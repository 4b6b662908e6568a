// Waiting for things that another process does.
export const sleep = ms => new Promise(r => setTimeout(r, ms));

// Calls `probe` until it gives something truthy, which is returned. An exception counts as "not yet",
// unless it has `hopeless: true`.
export async function until(what, probe, { timeout = 60_000, every = 50 } = {}) {
  const end = Date.now() + timeout;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = undefined;
    } catch (e) {
      if (e.hopeless) throw e;
      last = e;
    }
    if (Date.now() > end) throw new Error(`not within ${timeout} ms: ${what}${last ? ` (${last.message})` : ''}`);
    await sleep(every);
  }
}

// `promise`, but an error that names `what` after `ms`.
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms); });
  try { return await Promise.race([promise, late]); } finally { clearTimeout(timer); }
}
