Feature: The lifecycle rules of a bucket
  What becomes of objects with time. Rules take effect after a day, so here they are only kept.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketLifecycle @op.GetBucketLifecycle @op.DeleteBucketLifecycle
  Scenario: Put, read and delete
    When the bucket's lifecycle is put
      """
      {"rule": [
        {"id": "delete-logs", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 90}},
        {"id": "abort-uploads", "status": "disabled", "filter": {"prefix": "data/"},
          "abort_incomplete_multipart_upload": {"days_after_initiation": 3}},
        {"id": "cool-down", "status": "enabled", "filter": {"prefix": "data/"},
          "transition": {"storage_class": "STANDARD_IA", "days": 30}}]}
      """
    Then the answer is 200
    When the bucket's lifecycle is read
    Then the answer is 200
    And the document holds
      """
      {"rule": [
        {"id": "delete-logs", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 90}},
        {"id": "abort-uploads", "status": "disabled", "filter": {"prefix": "data/"},
          "abort_incomplete_multipart_upload": {"days_after_initiation": 3}},
        {"id": "cool-down", "status": "enabled", "filter": {"prefix": "data/"},
          "transition": {"storage_class": "STANDARD_IA", "days": 30}}]}
      """
    When the bucket's lifecycle is deleted
    Then the answer is 204
    And the bucket has no lifecycle

  @op.PutBucketLifecycle
  Scenario Outline: Rules that make no sense
    When the bucket's lifecycle is put
      """
      {"rule": [
        {"id": "first", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 90}},
        {"id": "<id>", "status": "<status>", "filter": {"prefix": "<prefix>"}, <action>}]}
      """
    Then the answer is a refusal

    Examples:
      | id    | status  | prefix | action                                                    |
      | first | enabled | data/  | "expiration": {"days": 90}                                |
      | other | perhaps | data/  | "expiration": {"days": 90}                                |
      | other | enabled | data/  | "expiration": {"days": 0}                                 |
      | other | enabled | logs/  | "expiration": {"days": 30}                                |
      | other | enabled | data/  | "transition": {"storage_class": "STANDARD_IA", "days": 7} |
      | other | enabled | data/  | "transition": {"storage_class": "PAPER", "days": 30}      |

  @op.PutBucketLifecycle
  Scenario: What expires does not move afterwards
    When the bucket's lifecycle is put
      """
      {"rule": [
        {"id": "delete", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 40}},
        {"id": "cool-down", "status": "enabled", "filter": {"prefix": "logs/old/"},
          "transition": {"storage_class": "STANDARD_IA", "days": 60}}]}
      """
    Then the answer is 400 invalid_request

  @op.PutBucketLifecycle @op.GetBucketLifecycle @op.DeleteBucketLifecycle
  Scenario: Only the owner may
    Given the caller is a stranger
    When the bucket's lifecycle is put
      """
      {"rule": [{"id": "delete", "status": "enabled", "filter": {"prefix": ""}, "expiration": {"days": 1}}]}
      """
    Then the answer is 403 permission_denied
    When the bucket's lifecycle is read
    Then the answer is 403 permission_denied
    When the bucket's lifecycle is deleted
    Then the answer is 403 permission_denied
