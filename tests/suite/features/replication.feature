Feature: The replication of a bucket
  Copies in another zone.

  Background:
    Given the bucket "alpine-photos"
    And the bucket "coastal-copies" in the zone sh1a

  @op.PutBucketReplication @op.GetBucketReplication @op.DeleteBucketReplication
  Scenario: Put, read and delete
    When the bucket's replication is put
      """
      {"rules": [{"id": "photos", "status": "enabled", "filters": {"prefix": "2025/"},
        "sync_marker": "disabled", "delete_marker": "disabled",
        "destination": {"bucket": "coastal-copies", "storage_class": "STANDARD_IA"}}]}
      """
    Then the answer is 200
    When the bucket's replication is read
    Then the answer is 200
    And the document holds
      """
      {"rules": [{"id": "photos", "status": "enabled", "filters": {"prefix": "2025/"},
        "sync_marker": "disabled", "delete_marker": "disabled",
        "destination": {"bucket": "coastal-copies", "zone": "sh1a"}}]}
      """
    When the bucket's replication is deleted
    Then the answer is 204
    And the bucket has no replication

  @op.PutBucketReplication
  Scenario Outline: Rules that make no sense
    Given another bucket "alpine-copies"
    When the bucket's replication is put
      """
      {"rules": [
        {"id": "first", "filters": {"prefix": "image"}, "destination": {"bucket": "coastal-copies"}},
        {"id": "<id>", "filters": {"prefix": "<prefix>"}, "destination": {"bucket": "<destination>"}}]}
      """
    Then the answer is a refusal

    Examples:
      | id    | prefix | destination    |
      | first | video  | coastal-copies |
      | other | image1 | coastal-copies |
      | other | video  | alpine-copies  |
      | other | video  | never-created  |

  @op.PutBucketReplication
  Scenario: Copies are in another zone
    Given another bucket "alpine-copies"
    When the bucket's replication is put
      """
      {"rules": [{"id": "photos", "filters": {}, "destination": {"bucket": "alpine-copies"}}]}
      """
    Then the answer is a refusal

  @op.PutBucketReplication @op.PutBucketVersioning
  Scenario: Either replication or versions
    Given the bucket's replication is
      """
      {"rules": [{"id": "photos", "filters": {}, "destination": {"bucket": "coastal-copies"}}]}
      """
    When versioning is set to ENABLED
    Then the answer is a refusal
    When the bucket's replication is deleted
    And versioning is set to ENABLED
    Then the answer is 200
    When the bucket's replication is put
      """
      {"rules": [{"id": "photos", "filters": {}, "destination": {"bucket": "coastal-copies"}}]}
      """
    Then the answer is a refusal

  @op.PutBucketReplication @op.GetBucketReplication @op.DeleteBucketReplication
  Scenario: Only the owner may
    Given the caller is a stranger
    When the bucket's replication is put
      """
      {"rules": [{"id": "photos", "filters": {}, "destination": {"bucket": "coastal-copies"}}]}
      """
    Then the answer is 403 permission_denied
    When the bucket's replication is read
    Then the answer is 403 permission_denied
    When the bucket's replication is deleted
    Then the answer is 403 permission_denied
