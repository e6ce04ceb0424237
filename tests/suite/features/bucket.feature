Feature: Buckets
  Creating, checking, deleting and listing buckets, and their statistics.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucket
  Scenario: Create a bucket
    When the bucket "coastal-photos" is created
    Then the response is 201
    When a HEAD request is sent for the bucket "coastal-photos"
    Then the response is 200

  @op.PutBucket
  Scenario: Another user's bucket name is already taken
    Given the caller is another user
    When the bucket "alpine-photos" is created
    Then the response is 409 bucket_already_exists

  Scenario Outline: The client rejects invalid bucket names
    When the bucket "<name>" is created
    Then the client rejects the request before sending it

    Examples:
      | name        |
      | short       |
      | Capitals    |
      | under_score |
      | -hyphen     |
      | hyphen-     |
      | 192.168.1.1 |

  @op.HeadBucket
  Scenario: HeadBucket reports existence and access
    When a HEAD request is sent for the bucket "alpine-photos"
    Then the response is 200
    When a HEAD request is sent for the bucket "never-created"
    Then the response is 404
    Given the caller is another user
    When a HEAD request is sent for the bucket "alpine-photos"
    Then the response is 403

  @op.DeleteBucket
  Scenario: Delete an empty bucket
    When the bucket "alpine-photos" is deleted
    Then the response is 204
    When a HEAD request is sent for the bucket "alpine-photos"
    Then the response is 404
    When the bucket "alpine-photos" is deleted
    Then the response is 404 bucket_not_exists

  @op.DeleteBucket
  Scenario: A bucket with objects, or of another user, cannot be deleted
    Given the object "trail.jpg" with content "a trail"
    When the bucket "alpine-photos" is deleted
    Then the response is 409 bucket_not_empty
    Given the caller is another user
    When the bucket "alpine-photos" is deleted
    Then the response is 403 permission_denied

  @op.GetBucketStatistics
  Scenario: Read the statistics
    Given the objects "trail.jpg, summit.jpg"
    When the statistics of the bucket are read
    Then the response is 200
    And the JSON body contains
      """
      {"name": "alpine-photos", "location": "pek3a", "status": "active", "count": 2, "size": 19}
      """

  @op.GetBucketStatistics
  Scenario: Only the owner can read the statistics
    Given the caller is another user
    When the statistics of the bucket are read
    Then the response is 403 permission_denied

  @op.ListObjects
  Scenario: List an empty bucket
    When the objects are listed
    Then the response is 200
    And the JSON body contains
      """
      {"name": "alpine-photos", "keys": [], "common_prefixes": [], "has_more": false}
      """

  @op.ListObjects
  Scenario: A listing describes each object
    Given the object "trail.txt" with
      | Content-Type       | text/plain  |
      | x-qs-storage-class | STANDARD_IA |
    When the objects are listed
    Then the JSON body contains
      """
      {"keys": [{"key": "trail.txt", "size": 7, "mime_type": "text/plain",
        "etag": "\"9a0364b9e99bb480dd25e1f0284c8555\"", "storage_class": "STANDARD_IA", "encrypted": false}]}
      """

  @op.ListObjects
  Scenario: List with a prefix
    Given the objects "2024/a, 2025/a, 2025/b"
    When the objects are listed with
      | prefix | 2025/ |
    Then the response is 200
    And the JSON body contains
      """
      {"prefix": "2025/", "keys": [{"key": "2025/a"}, {"key": "2025/b"}], "common_prefixes": []}
      """

  @op.ListObjects
  Scenario: List with a delimiter
    Given the objects "2024/a, 2025/a, 2025/b, index"
    When the objects are listed with
      | delimiter | / |
    Then the JSON body contains
      """
      {"delimiter": "/", "keys": [{"key": "index"}], "common_prefixes": ["2024/", "2025/"]}
      """

  @op.ListObjects
  Scenario: List with a prefix and a delimiter
    Given the objects "2025/05/a, 2025/06/a, 2025/index, 2026/a"
    When the objects are listed with
      | prefix    | 2025/ |
      | delimiter | /     |
    Then the JSON body contains
      """
      {"keys": [{"key": "2025/index"}], "common_prefixes": ["2025/05/", "2025/06/"]}
      """

  @op.ListObjects
  Scenario: List in pages
    Given the objects "a, b, c, d, e"
    Then pages of 2 contain 2, 2 and 1 objects, each object once

  @op.ListObjects
  Scenario Outline: Invalid listing parameters are rejected
    When the objects are listed with
      | <parameter> | <value> |
    Then the response is 400 invalid_argument

    Examples:
      | parameter | value |
      | delimiter | ab    |

  @op.ListObjects
  Scenario: Listing a bucket that does not exist fails
    When the bucket "alpine-photos" is deleted
    And the objects are listed
    Then the response is 404 bucket_not_exists

  @op.DeleteMultipleObjects
  Scenario: Delete several objects, including one that does not exist
    Given the objects "a, b, c"
    When the objects "a, c, missing" are deleted in one batch
    Then the response is 200
    And the JSON body contains
      """
      {"deleted": [{"key": "a"}, {"key": "c"}, {"key": "missing"}], "errors": []}
      """
    And the object "a" does not exist
    And the object "b" contains "b"

  @op.DeleteMultipleObjects
  Scenario: A quiet batch deletion does not list the deleted keys
    Given the objects "a, b"
    When the objects "a, b" are deleted in one quiet batch
    Then the response is 200
    And the JSON body contains
      """
      {"deleted": [], "errors": []}
      """
    And the object "b" does not exist

  @op.DeleteMultipleObjects
  Scenario: A batch deletion accepts at most 1000 keys
    When 1000 objects are deleted in one batch
    Then the response is 200
    When 1001 objects are deleted in one batch
    Then the response is 400 too_many_objects

  @op.ListMultipartUploads
  Scenario: List unfinished multipart uploads
    When the unfinished multipart uploads are listed
    Then the response is 200
    And the JSON body contains
      """
      {"name": "alpine-photos", "uploads": [], "common_prefixes": []}
      """
    Given a multipart upload of the object "videos/trail.mp4"
    When the unfinished multipart uploads are listed
    Then the JSON body contains
      """
      {"uploads": [{"key": "videos/trail.mp4"}]}
      """
    When the unfinished multipart uploads are listed with
      | prefix | photos/ |
    Then the JSON body contains
      """
      {"prefix": "photos/", "uploads": []}
      """
    When the upload is aborted
    And the unfinished multipart uploads are listed
    Then the JSON body contains
      """
      {"uploads": []}
      """

  @op.ListMultipartUploads
  Scenario: List unfinished multipart uploads with a delimiter and in pages
    Given a multipart upload of the object "videos/b"
    And a multipart upload of the object "index"
    And a multipart upload of the object "videos/a"
    When the unfinished multipart uploads are listed
    Then the JSON body contains
      """
      {"uploads": [{"key": "index"}, {"key": "videos/a"}, {"key": "videos/b"}]}
      """
    When the unfinished multipart uploads are listed with
      | delimiter | / |
    Then the JSON body contains
      """
      {"uploads": [{"key": "index"}], "common_prefixes": ["videos/"]}
      """
    When the unfinished multipart uploads are listed with
      | limit | 2 |
    Then the JSON body contains
      """
      {"uploads": [{"key": "index"}, {"key": "videos/a"}], "next_key_marker": "videos/a"}
      """
    When the unfinished multipart uploads are listed with
      | key_marker | videos/a |
    Then the JSON body contains
      """
      {"uploads": [{"key": "videos/b"}]}
      """
