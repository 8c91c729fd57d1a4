// What a step tells the runner: commands on standard output, names and values in the files that it lends.
'use strict';

const { randomUUID } = require('node:crypto');
const fs = require('node:fs');

const COMMAND_DATA = { '%': '%25', '\r': '%0D', '\n': '%0A' };
const PROPERTY = { ...COMMAND_DATA, ':': '%3A', ',': '%2C' };

/**
 * One line on standard output, there when this returns.
 * Not process.stdout: opening it makes the pipe non-blocking, and Python inherits the pipe.
 */
function line(text) {
  const bytes = Buffer.from(`${text}\n`);
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += fs.writeSync(1, bytes, sent);
    } catch (error) {
      if (error.code === 'EPIPE') return; // the runner is gone, which is no reason to keep the environment
      if (error.code !== 'EAGAIN') throw error; // whoever started us made the pipe non-blocking: it is full, so again
    }
  }
}

const escaped = (text, table) => text.replace(/[%\r\n:,]/g, (character) => table[character] ?? character);

/** A mark on the run's page; `level` is error, warning or notice. */
function annotate(level, title, message) {
  line(`::${level} title=${escaped(title, PROPERTY)}::${escaped(message, COMMAND_DATA)}`);
}

/** Hide a value in everything that the job prints from now on. */
function mask(value) {
  line(`::add-mask::${escaped(value, COMMAND_DATA)}`);
}

/** Append values to the file that `variable` names (GITHUB_STATE, GITHUB_ENV); throws where there is none. */
function write(variable, values) {
  const file = process.env[variable];
  if (!file) throw new Error(`${variable} is not set: this runs only as a step of a GitHub workflow`);
  const entries = Object.entries(values).map(([name, value]) => {
    const mark = `end-${randomUUID()}`; // random, so that no value can end itself and begin another
    return `${name}<<${mark}\n${value}\n${mark}\n`;
  });
  fs.appendFileSync(file, entries.join(''));
}

module.exports = { annotate, line, mask, write };
