Feature: Lifecycle rules of a bucket
  Lifecycle rules take effect after a day at the earliest, so these scenarios only store and validate them.

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
    Then the response is 200
    When the bucket's lifecycle is read
    Then the response is 200
    And the JSON body contains
      """
      {"rule": [
        {"id": "delete-logs", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 90}},
        {"id": "abort-uploads", "status": "disabled", "filter": {"prefix": "data/"},
          "abort_incomplete_multipart_upload": {"days_after_initiation": 3}},
        {"id": "cool-down", "status": "enabled", "filter": {"prefix": "data/"},
          "transition": {"storage_class": "STANDARD_IA", "days": 30}}]}
      """
    When the bucket's lifecycle is deleted
    Then the response is 204
    And the bucket has no lifecycle

  @op.PutBucketLifecycle
  Scenario Outline: Invalid rules are rejected
    When the bucket's lifecycle is put
      """
      {"rule": [
        {"id": "first", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 90}},
        {"id": "<id>", "status": "<status>", "filter": {"prefix": "<prefix>"}, <action>}]}
      """
    Then the response is a client error

    Examples:
      | id    | status  | prefix | action                                                    |
      | first | enabled | data/  | "expiration": {"days": 90}                                |
      | other | perhaps | data/  | "expiration": {"days": 90}                                |
      | other | enabled | data/  | "expiration": {"days": 0}                                 |
      | other | enabled | logs/  | "expiration": {"days": 30}                                |
      | other | enabled | data/  | "transition": {"storage_class": "STANDARD_IA", "days": 7} |
      | other | enabled | data/  | "transition": {"storage_class": "PAPER", "days": 30}      |

  @op.PutBucketLifecycle
  Scenario: A transition after the expiration is rejected
    When the bucket's lifecycle is put
      """
      {"rule": [
        {"id": "delete", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 40}},
        {"id": "cool-down", "status": "enabled", "filter": {"prefix": "logs/old/"},
          "transition": {"storage_class": "STANDARD_IA", "days": 60}}]}
      """
    Then the response is 400 invalid_request

  @op.PutBucketLifecycle @op.GetBucketLifecycle @op.DeleteBucketLifecycle
  Scenario: Only the owner can manage lifecycle rules
    Given the caller is another user
    When the bucket's lifecycle is put
      """
      {"rule": [{"id": "delete", "status": "enabled", "filter": {"prefix": ""}, "expiration": {"days": 1}}]}
      """
    Then the response is 403 permission_denied
    When the bucket's lifecycle is read
    Then the response is 403 permission_denied
    When the bucket's lifecycle is deleted
    Then the response is 403 permission_denied
