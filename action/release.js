// Gives an allocation back with its release token, where Python could not. Runs as a process of its own, because node
// reads NODE_USE_ENV_PROXY only when it starts. Exit code 0: nothing is held any more.
'use strict';

const { line } = require('./runner.js');

const MOST_FAILURES = 5;
const PATIENCE = {
  tryMs: 10_000,
  pauseMs: 1_000, // after the first failure; each further one doubles it
  lookAgainMs: 5_000,
  inFlightMs: 35_000, // an allocate may take effect this long after it was sent: contract.ALLOCATE_IN_FLIGHT
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the reply says: `done`, `unknown` (no such allocation, so far), or why neither, in `problem`. */
async function ask({ endpoint, allocation, secret, outcome, tryMs }) {
  try {
    const reply = await fetch(`${endpoint}/github/allocations/${allocation}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer atmosphere-release.${secret}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ outcome }),
      redirect: 'manual', // the token goes to the service and to nobody else
      signal: AbortSignal.timeout(tryMs),
    });
    return verdict(reply.status, JSON.parse(await reply.text()));
  } catch (error) {
    return { problem: `no readable reply (${error.cause?.code ?? error.name})` };
  }
}

/** A reply counts only as the API's own JSON, so that a proxy's page is not taken for a release. */
function verdict(status, body) {
  const code = typeof body?.code === 'string' ? body.code : '';
  if (status === 200 && body !== null && typeof body === 'object') return { done: true };
  if (status === 409 && code === 'already-ended') return { done: true };
  if (status === 404 && code === 'unknown-allocation') return { unknown: true };
  return { problem: `HTTP ${status}` };
}

/**
 * Whether nothing is held any more. `asked` is when the last allocate request was sent, in seconds since 1970: until
 * 35 s later an unknown id may still become known, so it is asked for again. Failures are repeated four times.
 */
async function release({ asked, ...given }) {
  const { tryMs, pauseMs, lookAgainMs, inFlightMs, ...allocation } = { ...PATIENCE, ...given };
  const now = Date.now();
  const settled = (asked * 1_000 < now ? asked * 1_000 : now) + inFlightMs; // a clock may have been set back
  for (let failures = 0; ; ) {
    const late = Date.now() >= settled; // as it was before asking: an answer is no older than its question
    const { done, unknown, problem } = await ask({ ...allocation, tryMs });
    if (done || (unknown && late)) {
      line(done ? 'Released.' : 'Nothing was allocated.');
      return true;
    }
    failures += unknown ? 0 : 1;
    if (failures === MOST_FAILURES) {
      line(`Not released: ${problem}.`);
      return false;
    }
    const pause = unknown ? lookAgainMs * (0.5 + Math.random() / 2) : pauseMs * 2 ** failures * Math.random();
    line(`Not released yet: ${problem ?? 'no such allocation so far'}; next try in ${Math.ceil(pause / 1_000)} s.`);
    await sleep(unknown ? Math.min(pause, Math.max(settled - Date.now(), 1)) : pause);
  }
}

/** The allocation of this step, as main.js and Python kept it in the runner's state. */
function kept(env) {
  return {
    endpoint: env.STATE_endpoint,
    allocation: env.STATE_allocation,
    secret: env.STATE_secret,
    asked: Number(env.STATE_asked),
    outcome: env['INPUT_JOB-STATUS'] || 'unknown',
  };
}

module.exports = { kept, release };

if (require.main === module) {
  release(kept(process.env)).then((released) => process.exit(released ? 0 : 1));
}
