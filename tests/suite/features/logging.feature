Feature: Access logging of a bucket

  Background:
    Given the bucket "alpine-photos"
    And another bucket "alpine-logs"

  @op.PutBucketLogging @op.GetBucketLogging @op.DeleteBucketLogging
  Scenario: Put, read and delete
    When the bucket's logging is put
      """
      {"target_bucket": "alpine-logs", "target_prefix": "photos/"}
      """
    Then the response is 200
    When the bucket's logging is read
    Then the response is 200
    And the JSON body contains
      """
      {"target_bucket": "alpine-logs", "target_prefix": "photos/"}
      """
    When the bucket's logging is deleted
    Then the response is 204
    And the bucket has no logging

  @op.PutBucketLogging
  Scenario: The target bucket must have the same owner and zone
    Given the bucket "coastal-logs" in the zone sh1a
    When the bucket's logging is put
      """
      {"target_bucket": "coastal-logs", "target_prefix": "photos/"}
      """
    Then the response is a client error
    When the bucket's logging is put
      """
      {"target_bucket": "never-created", "target_prefix": "photos/"}
      """
    Then the response is a client error
    Given the caller is another user
    And another bucket "strange-logs"
    And the caller is the owner
    When the bucket's logging is put
      """
      {"target_bucket": "strange-logs", "target_prefix": "photos/"}
      """
    Then the response is a client error

  @op.PutBucketLogging @op.GetBucketLogging @op.DeleteBucketLogging
  Scenario: Only the owner can manage logging
    Given the caller is another user
    When the bucket's logging is put
      """
      {"target_bucket": "alpine-logs", "target_prefix": "photos/"}
      """
    Then the response is 403 permission_denied
    When the bucket's logging is read
    Then the response is 403 permission_denied
    When the bucket's logging is deleted
    Then the response is 403 permission_denied
