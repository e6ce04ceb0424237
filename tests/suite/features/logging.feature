Feature: The access log of a bucket

  Background:
    Given the bucket "alpine-photos"
    And another bucket "alpine-logs"

  @op.PutBucketLogging @op.GetBucketLogging @op.DeleteBucketLogging
  Scenario: Put, read and delete
    When the bucket's logging is put
      """
      {"target_bucket": "alpine-logs", "target_prefix": "photos/"}
      """
    Then the answer is 200
    When the bucket's logging is read
    Then the answer is 200
    And the document holds
      """
      {"target_bucket": "alpine-logs", "target_prefix": "photos/"}
      """
    When the bucket's logging is deleted
    Then the answer is 204
    And the bucket has no logging

  @op.PutBucketLogging
  Scenario: Logs go to a bucket of the same owner in the same zone
    Given the bucket "coastal-logs" in the zone sh1a
    When the bucket's logging is put
      """
      {"target_bucket": "coastal-logs", "target_prefix": "photos/"}
      """
    Then the answer is a refusal
    When the bucket's logging is put
      """
      {"target_bucket": "never-created", "target_prefix": "photos/"}
      """
    Then the answer is a refusal
    Given the caller is a stranger
    And another bucket "strange-logs"
    And the caller is the owner
    When the bucket's logging is put
      """
      {"target_bucket": "strange-logs", "target_prefix": "photos/"}
      """
    Then the answer is a refusal

  @op.PutBucketLogging @op.GetBucketLogging @op.DeleteBucketLogging
  Scenario: Only the owner may
    Given the caller is a stranger
    When the bucket's logging is put
      """
      {"target_bucket": "alpine-logs", "target_prefix": "photos/"}
      """
    Then the answer is 403 permission_denied
    When the bucket's logging is read
    Then the answer is 403 permission_denied
    When the bucket's logging is deleted
    Then the answer is 403 permission_denied
