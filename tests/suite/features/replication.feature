Feature: Replication of a bucket
  Replication copies objects to a bucket in another zone.

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
    Then the response is 200
    When the bucket's replication is read
    Then the response is 200
    And the JSON body contains
      """
      {"rules": [{"id": "photos", "status": "enabled", "filters": {"prefix": "2025/"},
        "sync_marker": "disabled", "delete_marker": "disabled",
        "destination": {"bucket": "coastal-copies", "zone": "sh1a"}}]}
      """
    When the bucket's replication is deleted
    Then the response is 204
    And the bucket has no replication

  @op.PutBucketReplication
  Scenario Outline: Invalid rules are rejected
    Given another bucket "alpine-copies"
    When the bucket's replication is put
      """
      {"rules": [
        {"id": "first", "filters": {"prefix": "image"}, "destination": {"bucket": "coastal-copies"}},
        {"id": "<id>", "filters": {"prefix": "<prefix>"}, "destination": {"bucket": "<destination>"}}]}
      """
    Then the response is a client error

    Examples:
      | id    | prefix | destination    |
      | first | video  | coastal-copies |
      | other | image1 | coastal-copies |
      | other | video  | alpine-copies  |
      | other | video  | never-created  |

  @op.PutBucketReplication
  Scenario: The destination must be in another zone
    Given another bucket "alpine-copies"
    When the bucket's replication is put
      """
      {"rules": [{"id": "photos", "filters": {}, "destination": {"bucket": "alpine-copies"}}]}
      """
    Then the response is a client error

  @op.PutBucketReplication @op.PutBucketVersioning
  Scenario: Replication and versioning exclude each other
    Given the bucket's replication is
      """
      {"rules": [{"id": "photos", "filters": {}, "destination": {"bucket": "coastal-copies"}}]}
      """
    When versioning is set to ENABLED
    Then the response is a client error
    When the bucket's replication is deleted
    And versioning is set to ENABLED
    Then the response is 200
    When the bucket's replication is put
      """
      {"rules": [{"id": "photos", "filters": {}, "destination": {"bucket": "coastal-copies"}}]}
      """
    Then the response is a client error

  @op.PutBucketReplication @op.GetBucketReplication @op.DeleteBucketReplication
  Scenario: Only the owner can manage replication
    Given the caller is another user
    When the bucket's replication is put
      """
      {"rules": [{"id": "photos", "filters": {}, "destination": {"bucket": "coastal-copies"}}]}
      """
    Then the response is 403 permission_denied
    When the bucket's replication is read
    Then the response is 403 permission_denied
    When the bucket's replication is deleted
    Then the response is 403 permission_denied
