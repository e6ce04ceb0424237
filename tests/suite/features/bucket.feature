Feature: Buckets
  Making and removing them, their figures, and what is in them.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucket
  Scenario: A new bucket
    When the bucket "coastal-photos" is created
    Then the answer is 201
    When the bucket "coastal-photos" is looked at
    Then the answer is 200

  @op.PutBucket
  Scenario: A name is taken once
    Given the caller is a stranger
    When the bucket "alpine-photos" is created
    Then the answer is 409 bucket_already_exists

  Scenario Outline: Names that no bucket may have never leave
    When the bucket "<name>" is created
    Then the call is refused before it is sent

    Examples:
      | name        |
      | short       |
      | Capitals    |
      | under_score |
      | -hyphen     |
      | hyphen-     |
      | 192.168.1.1 |

  @op.HeadBucket
  Scenario: Looking at buckets
    When the bucket "alpine-photos" is looked at
    Then the answer is 200
    When the bucket "never-created" is looked at
    Then the answer is 404
    Given the caller is a stranger
    When the bucket "alpine-photos" is looked at
    Then the answer is 403

  @op.DeleteBucket
  Scenario: An empty bucket can be removed
    When the bucket "alpine-photos" is deleted
    Then the answer is 204
    When the bucket "alpine-photos" is looked at
    Then the answer is 404
    When the bucket "alpine-photos" is deleted
    Then the answer is 404 bucket_not_exists

  @op.DeleteBucket
  Scenario: A bucket with content, and one of somebody else
    Given the object "trail.jpg" holding "a trail"
    When the bucket "alpine-photos" is deleted
    Then the answer is 409 bucket_not_empty
    Given the caller is a stranger
    When the bucket "alpine-photos" is deleted
    Then the answer is 403 permission_denied

  @op.GetBucketStatistics
  Scenario: Figures
    Given the objects "trail.jpg, summit.jpg"
    When the figures of the bucket are read
    Then the answer is 200
    And the document holds
      """
      {"name": "alpine-photos", "location": "pek3a", "status": "active", "count": 2, "size": 19}
      """

  @op.GetBucketStatistics
  Scenario: Figures are for the owner
    Given the caller is a stranger
    When the figures of the bucket are read
    Then the answer is 403 permission_denied

  @op.ListObjects
  Scenario: Nothing in it
    When the objects are listed
    Then the answer is 200
    And the document holds
      """
      {"name": "alpine-photos", "keys": [], "common_prefixes": [], "has_more": false}
      """

  @op.ListObjects
  Scenario: What is listed of an object
    Given the object "trail.txt" with
      | Content-Type       | text/plain  |
      | x-qs-storage-class | STANDARD_IA |
    When the objects are listed
    Then the document holds
      """
      {"keys": [{"key": "trail.txt", "size": 7, "mime_type": "text/plain",
        "etag": "\"9a0364b9e99bb480dd25e1f0284c8555\"", "storage_class": "STANDARD_IA", "encrypted": false}]}
      """

  @op.ListObjects
  Scenario: A prefix
    Given the objects "2024/a, 2025/a, 2025/b"
    When the objects are listed with
      | prefix | 2025/ |
    Then the answer is 200
    And the document holds
      """
      {"prefix": "2025/", "keys": [{"key": "2025/a"}, {"key": "2025/b"}], "common_prefixes": []}
      """

  @op.ListObjects
  Scenario: Folders
    Given the objects "2024/a, 2025/a, 2025/b, index"
    When the objects are listed with
      | delimiter | / |
    Then the document holds
      """
      {"delimiter": "/", "keys": [{"key": "index"}], "common_prefixes": ["2024/", "2025/"]}
      """

  @op.ListObjects
  Scenario: Folders within a folder
    Given the objects "2025/05/a, 2025/06/a, 2025/index, 2026/a"
    When the objects are listed with
      | prefix    | 2025/ |
      | delimiter | /     |
    Then the document holds
      """
      {"keys": [{"key": "2025/index"}], "common_prefixes": ["2025/05/", "2025/06/"]}
      """

  @op.ListObjects
  Scenario: Page by page
    Given the objects "a, b, c, d, e"
    Then pages of 2 hold 2, 2 and 1 objects, each object once

  @op.ListObjects
  Scenario Outline: Parameters of a listing that make no sense
    When the objects are listed with
      | <parameter> | <value> |
    Then the answer is 400 invalid_argument

    Examples:
      | parameter | value |
      | delimiter | ab    |

  @op.ListObjects
  Scenario: A bucket that there is not
    When the bucket "alpine-photos" is deleted
    And the objects are listed
    Then the answer is 404 bucket_not_exists

  @op.DeleteMultipleObjects
  Scenario: Many at once, whether they are there or not
    Given the objects "a, b, c"
    When the objects "a, c, never put" are deleted at once
    Then the answer is 200
    And the document holds
      """
      {"deleted": [{"key": "a"}, {"key": "c"}, {"key": "never put"}], "errors": []}
      """
    And there is no object "a"
    And the object "b" holds "b"

  @op.DeleteMultipleObjects
  Scenario: Quietly
    Given the objects "a, b"
    When the objects "a, b" are deleted at once, quietly
    Then the answer is 200
    And the document holds
      """
      {"deleted": [], "errors": []}
      """
    And there is no object "b"

  @op.DeleteMultipleObjects
  Scenario: More than a thousand are too many
    When 1000 objects are deleted at once
    Then the answer is 200
    When 1001 objects are deleted at once
    Then the answer is 400 too_many_objects

  @op.ListMultipartUploads
  Scenario: Unfinished uploads
    When the unfinished uploads are listed
    Then the answer is 200
    And the document holds
      """
      {"name": "alpine-photos", "uploads": [], "common_prefixes": []}
      """
    Given an upload of the object "videos/trail.mp4"
    When the unfinished uploads are listed
    Then the document holds
      """
      {"uploads": [{"key": "videos/trail.mp4"}]}
      """
    When the unfinished uploads are listed with
      | prefix | photos/ |
    Then the document holds
      """
      {"prefix": "photos/", "uploads": []}
      """
    When the upload is aborted
    And the unfinished uploads are listed
    Then the document holds
      """
      {"uploads": []}
      """

  @op.ListMultipartUploads
  Scenario: Unfinished uploads by key, in folders and in pages
    Given an upload of the object "videos/b"
    And an upload of the object "index"
    And an upload of the object "videos/a"
    When the unfinished uploads are listed
    Then the document holds
      """
      {"uploads": [{"key": "index"}, {"key": "videos/a"}, {"key": "videos/b"}]}
      """
    When the unfinished uploads are listed with
      | delimiter | / |
    Then the document holds
      """
      {"uploads": [{"key": "index"}], "common_prefixes": ["videos/"]}
      """
    When the unfinished uploads are listed with
      | limit | 2 |
    Then the document holds
      """
      {"uploads": [{"key": "index"}, {"key": "videos/a"}], "next_key_marker": "videos/a"}
      """
    When the unfinished uploads are listed with
      | key_marker | videos/a |
    Then the document holds
      """
      {"uploads": [{"key": "videos/b"}]}
      """
