// Drives the published client through the API, unchanged: a list of steps on stdin, a list of results on stdout.
//
//     node drive.mjs INSTALLED ENDPOINT < steps.json      INSTALLED: the directory that holds node_modules
//
//     {"do": "acquire", "pool": "...", "requester": "...", "timeoutMinutes": 0.05}
//     {"do": "identify", "endpoint": "..."}               whose the credentials of the latest acquire are, asked of STS
//     {"do": "release", "id": "...", "outcome": "..."}    without an id: that of the latest acquire
//
// Keys come from the environment, where the client itself looks for them. They and the keys of an allocation are never
// printed: a result says which of them were there.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [installed, endpoint] = process.argv.slice(2);
const require = createRequire(join(installed, 'package.json'));
const { AtmosphereClient } = require('@cdklabs/cdk-atmosphere-client');
const { AwsClient } = require('aws4fetch');

let retries = 0;
console.log = (line) => {
  // the client tells of its retries here and nowhere else; stdout is for the results
  if (line.includes('Retrying due to')) retries += 1;
  console.error(line);
};

let latest;

const steps = {
  async acquire(client, { pool, requester, timeoutMinutes }) {
    latest = await client.acquire({ pool, requester, timeoutMinutes });
    const { id, environment, credentials, ...rest } = latest;
    const keys = Object.keys(credentials).filter((name) => credentials[name]);
    return { id, environment, keys: keys.sort(), constraints: rest.constraints, expiresAt: rest.expiresAt };
  },

  async identify(_client, { endpoint: aws }) {
    const { accessKeyId, secretAccessKey, sessionToken } = latest.credentials;
    const signer = new AwsClient({ accessKeyId, secretAccessKey, sessionToken, service: 'sts', region: 'us-east-1' });
    const response = await signer.fetch(aws, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    const text = await response.text();
    return { status: response.status, account: /<Account>(\d+)<\/Account>/.exec(text)?.[1] };
  },

  async release(client, { id, outcome }) {
    return { reply: await client.release(id ?? latest.id, outcome) };
  },
};

const results = [];
const client = new AtmosphereClient(endpoint);
for (const step of JSON.parse(readFileSync(0, 'utf8'))) {
  retries = 0;
  try {
    results.push({ ok: true, ...(await steps[step.do](client, step)), retries });
  } catch (error) {
    results.push({ ok: false, statusCode: error.statusCode ?? null, error: error.message, retries });
  }
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
