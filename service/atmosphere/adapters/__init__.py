"""The two sides of every port: AWS through boto3, and twins in memory under the same promises."""
