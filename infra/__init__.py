"""The CDK app. It works on Node 20, which the bridge to CDK announces loudly to be at its end; once is told here."""

import os

os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "20"
