// The AWS SDK for JavaScript v3, as a test would use it; the argument is the directory of its packages.
import { createRequire } from "node:module";

const { STSClient, GetCallerIdentityCommand } = createRequire(`${process.argv[2]}/`)("@aws-sdk/client-sts");
const found = await new STSClient({}).send(new GetCallerIdentityCommand({}));
console.log(found.Account);
