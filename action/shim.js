// Finds Python and runs python/ with it: in the main step, and in the post step with node's own release behind it.
// The release secret and the allocation's id are in the runner's state before anything is asked for, so that the post
// step can give back what even a killed main step got (docs/adr/0007).
'use strict';

const { spawn } = require('node:child_process');
const { randomBytes, randomUUID } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { annotate, line, mask, write } = require('./runner.js');

const WINDOWS = process.platform === 'win32';
const ISOLATED = ['-I', '-B', '-X', 'utf8']; // -I: no PYTHON* variable and nothing of the working directory counts
const NEEDED = 'import hashlib, json, ssl, sys, urllib.request'; // a Python built without ssl is none
const CHECK = `${NEEDED}; print(sys.executable if sys.version_info >= (3, 8) else "")`;
const ON_PATH = [['python3'], ['python'], ...(WINDOWS ? [['py', '-3']] : [])];
const WORK = path.join(__dirname, 'python');
const NOT_FOR_CHILDREN = /^(PYTHON.*|NODE_OPTIONS|LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|ATMOSPHERE_ACTION_.*)$/i;
const PROXY = /^https?_proxy$/i;
const SIGNALS = ['SIGINT', 'SIGTERM', ...(WINDOWS ? ['SIGBREAK'] : [])];
const RELEASED = 0;
const NOT_RELEASED = 3; // Python's word for: tried everything, and said so
const NOT_STARTED = 127;

/** The job's variables without what could put somebody else's code or names into our processes. */
function environment(more = {}) {
  const own = Object.entries(process.env).filter(([name]) => !NOT_FOR_CHILDREN.test(name));
  return { ...Object.fromEntries(own), ...more };
}

/**
 * Run a program to its end: `{ code, output }`, where a signal's code is 128 and its number, as in a shell.
 * Its standard input is a pipe that stays open, by whose end it sees this process being killed outright.
 * After `timeoutMs` it is killed. `forward` passes SIGINT and SIGTERM on; `capture` keeps what it prints.
 */
function run([command, ...args], { env, cwd, timeoutMs, capture = false, forward = false }) {
  return new Promise((resolve) => {
    const output = [];
    const stdio = ['pipe', ...(capture ? ['pipe', 'ignore'] : ['inherit', 'inherit'])];
    const pass = (signal) => child.kill(WINDOWS ? 'SIGKILL' : signal); // Windows knows no others
    if (forward) SIGNALS.forEach((signal) => process.on(signal, pass)); // first, or a signal now would end node alone
    const child = spawn(command, args, { env, cwd, stdio, windowsHide: true });
    const kill = () => {
      child.kill('SIGKILL');
      child.stdout?.destroy(); // a child of the child may hold it open
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs);
    const end = (code) => {
      clearTimeout(timer);
      SIGNALS.forEach((signal) => process.off(signal, pass));
      resolve({ code, output: Buffer.concat(output).toString().trim() });
    };
    child.stdout?.on('data', (bytes) => output.push(bytes));
    child.on('error', () => end(NOT_STARTED));
    child.on(capture ? 'close' : 'exit', (code, signal) => end(code ?? 128 + os.constants.signals[signal]));
  });
}

/** The absolute path of the first candidate that is Python 3.8 or newer with what we need; undefined if none is. */
async function findPython(candidates, { eachMs = 10_000, allMs = Infinity } = {}) {
  const end = Date.now() + allMs;
  for (const candidate of candidates) {
    const timeoutMs = Math.min(eachMs, Math.max(end - Date.now(), 1));
    const check = [...candidate, ...ISOLATED, '-c', CHECK];
    // Not in the workspace, where Windows would look for programs first.
    const { code, output } = await run(check, { env: environment(), cwd: __dirname, timeoutMs, capture: true });
    if (code === 0 && path.isAbsolute(output)) return output;
  }
  return undefined;
}

/** The Python that the user or the machine's owner named, as a list of one candidate; otherwise those on PATH. */
function candidates() {
  const named = (process.env.INPUT_PYTHON || process.env.ATMOSPHERE_PYTHON || '').trim();
  if (!named) return ON_PATH;
  return [[/[\\/]/.test(named) ? path.resolve(named) : named]];
}

/** Run one of Python's commands; what it needs of `step` (secret, allocation) goes by its environment alone. */
function work(command, python, { secret, allocation }, options) {
  const own = { ATMOSPHERE_ACTION_SECRET: secret, ATMOSPHERE_ACTION_ALLOCATION: allocation };
  const env = environment({ ...own, ATMOSPHERE_ACTION_PYTHON: python });
  return run([python, ...ISOLATED, WORK, command], { env, ...options });
}

/** The main step; its exit code. */
async function main() {
  const step = { secret: randomBytes(32).toString('base64url'), allocation: randomUUID() };
  mask(step.secret);
  write('GITHUB_STATE', step);
  const tried = candidates();
  const python = await findPython(tried);
  if (python === undefined) {
    const names = tried.map((candidate) => candidate.join(' ')).join(', ');
    annotate(
      'error',
      'Python is missing',
      `The action needs Python 3.8 or newer, but ${names} is missing, too old or does not start. ` +
        'Nothing was allocated. Put actions/setup-python before this step, or set the input "python".',
    );
    return 1;
  }
  write('GITHUB_STATE', { python });
  return (await work('main', python, step, { forward: true })).code;
}

/** The post step; its exit code. Python has `pythonMs`, and what it leaves undone node does within `releaseMs`. */
async function post({ pythonMs = 60_000, releaseMs = 75_000 } = {}) {
  const { STATE_asked: asked, STATE_refused: refused } = process.env;
  if (!asked || refused === '1') return 0; // nothing was asked for, or nothing can have been given
  const step = { secret: process.env.STATE_secret, allocation: process.env.STATE_allocation };
  // The runner interrupts a step that is out of time and waits for 10 s: they are better spent on the release.
  SIGNALS.forEach((signal) => process.on(signal, () => line(`Releasing the environment first (${signal}).`)));
  const saved = process.env.STATE_python ? [[process.env.STATE_python]] : [];
  const python = await findPython([...saved, ...candidates()], { allMs: 15_000 });
  const code = python ? (await work('post', python, step, { timeoutMs: pythonMs })).code : NOT_STARTED;
  if (code === RELEASED) return 0;
  if (code !== NOT_RELEASED) {
    const why = python ? `Python did not finish (exit code ${code})` : 'Python is no longer available';
    line(`${why}; node releases the environment.`);
    tidy(step.allocation);
  }
  return (await releasedByNode(releaseMs)) ? 0 : notReleased(step.allocation);
}

/** What Python would have done besides the release, as far as it takes no knowledge of profiles. */
function tidy(allocation) {
  const { STATE_previous: previous, STATE_profiles: profiles, RUNNER_TEMP: temporary } = process.env;
  try {
    const before = Object.entries(previous ? JSON.parse(previous) : {});
    write('GITHUB_ENV', Object.fromEntries(before.map(([name, value]) => [name, value ?? ''])));
    if (temporary) fs.rmSync(path.join(temporary, `atmosphere-${allocation}`), { recursive: true, force: true });
  } catch (error) {
    const left = 'AWS variables and lease files of the step stay as they are';
    annotate('warning', 'Variables and files not restored', `${left}: ${error.message}.`);
  }
  if (profiles) {
    const why = 'Python, which removes them, did not finish. They are no longer renewed';
    annotate('warning', 'AWS profiles left', `This step's profiles may still be in the AWS config file: ${why}.`);
  }
}

async function releasedByNode(releaseMs) {
  const proxied = Object.keys(process.env).some((name) => PROXY.test(name));
  const env = environment(proxied ? { NODE_USE_ENV_PROXY: '1' } : {});
  const command = [process.execPath, path.join(__dirname, 'release.js')];
  return (await run(command, { env, timeoutMs: releaseMs })).code === 0;
}

function notReleased(allocation) {
  const fail = (process.env['INPUT_FAIL-ON-RELEASE-ERROR'] ?? '').trim().toLowerCase() === 'true';
  annotate(
    fail ? 'error' : 'warning',
    'Environment not released',
    `Allocation ${allocation} may still hold its environment: the service did not release it (the log says why). ` +
      'It ends at its deadline; if this repeats, tell the operators of the service.',
  );
  return fail ? 1 : 0;
}

/** Run a step and exit with its code; a bug of ours reads like any other failure. */
function start(step) {
  const failed = (error) => {
    annotate('error', 'Atmosphere', `The ${step} step of the action failed: ${error.message}`);
    return 1;
  };
  ({ main, post })[step]().catch(failed).then((code) => process.exit(code));
}

module.exports = { environment, post, start };
