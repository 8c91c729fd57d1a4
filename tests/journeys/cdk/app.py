"""A CDK app as a tenant writes it: a bucket that empties itself, a custom resource, and an image."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, CfnOutput, CustomResource, RemovalPolicy, Stack, aws_ecr_assets, aws_lambda, aws_s3
from aws_cdk.custom_resources import Provider

HERE = Path(__file__).parent


def main() -> None:
    app = App()
    stack = Stack(app, "sample")
    bucket = aws_s3.Bucket(
        stack, "Bucket", auto_delete_objects=True, removal_policy=RemovalPolicy.DESTROY, enforce_ssl=True
    )
    answer = aws_lambda.Function(
        stack,
        "Answer",
        runtime=aws_lambda.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=aws_lambda.Code.from_asset(str(HERE / "handler")),
        environment={"BUCKET": bucket.bucket_name},
    )
    bucket.grant_put(answer)
    provider = Provider(stack, "Provider", on_event_handler=answer)  # its function is in Node
    custom = CustomResource(stack, "Custom", service_token=provider.service_token, properties={"Question": "life"})
    custom.node.add_dependency(bucket)
    image = aws_ecr_assets.DockerImageAsset(stack, "Image", directory=str(HERE / "image"))
    CfnOutput(stack, "Bucket-", key="BucketName", value=bucket.bucket_name)
    CfnOutput(stack, "Answer-", key="CustomAnswer", value=custom.get_att_string("Answer"))
    CfnOutput(stack, "Image-", key="ImageUri", value=image.image_uri)
    app.synth()


if __name__ == "__main__":
    main()
