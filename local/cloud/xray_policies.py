"""The X-Ray resource policies of the cloud's accounts, and what they allow."""
from __future__ import annotations

import threading

_policies: dict[tuple[str, str, str], str] = {}  # (account, region, name) -> policy document, JSON
_lock = threading.Lock()


def put_policy(account_id: str, region: str, name: str, document: str) -> None:
    with _lock:
        _policies[(account_id, region, name)] = document


def delete_policy(account_id: str, region: str, name: str) -> None:
    with _lock:
        _policies.pop((account_id, region, name), None)


def sns_may_send_segments(topic_arn: str) -> bool:
    """Whether a resource policy of the topic's account lets SNS send this topic's segments."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

    region, account_id = topic_arn.split(":")[3:5]
    with _lock:
        documents = [document for (account, where, _name), document in _policies.items() if (account, where) == (account_id, region)]
    context = EvalContext(
        principal_arn="*", principal_type="Service", principal_account="", action="xray:PutTraceSegments", resource_arn="*",
        region=region, service_context={"aws:sourcearn": topic_arn, "aws:sourceaccount": account_id},
    )
    return any(evaluate_resource_policy(document, context, service="sns.amazonaws.com").decision == "Allow" for document in documents)
