// A CDK app without stacks: the CDK CLI starts it with the account and the region that it found.
const { writeFileSync } = require("node:fs");

console.log(`${process.env.CDK_DEFAULT_ACCOUNT} ${process.env.CDK_DEFAULT_REGION}`);
writeFileSync(`${process.env.CDK_OUTDIR}/manifest.json`, JSON.stringify({ version: "36.0.0", artifacts: {} }));
