Feature: Versioning
  A bucket with versioning keeps previous versions until they are deleted.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketVersioning @op.GetBucketVersioning
  Scenario: Set and read the versioning status
    When the versioning status is read
    Then the response is 200
    And the JSON body contains
      """
      {"status": "DISABLED"}
      """
    When versioning is set to ENABLED
    Then the response is 200
    When the versioning status is read
    Then the JSON body contains
      """
      {"status": "ENABLED"}
      """
    When versioning is set to SUSPENDED
    Then the response is 200
    When the versioning status is read
    Then the JSON body contains
      """
      {"status": "SUSPENDED"}
      """
    When versioning is set to DISABLED
    Then the response is a client error

  @op.PutBucketVersioning @op.GetBucketVersioning
  Scenario: Only the owner can set and read the versioning status
    Given the caller is another user
    When versioning is set to ENABLED
    Then the response is 403 permission_denied
    When the versioning status is read
    Then the response is 403 permission_denied

  @op.PutObject @op.GetObject @op.HeadObject
  Scenario: Previous versions can be read
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" with content "a trail"
    And the version "second" of the object "trail.txt" with content "another trail"
    When the object "trail.txt" is read
    Then the content is "another trail"
    And the header x-qs-version-id is present
    When the version "first" of the object "trail.txt" is read
    Then the response is 200
    And the content is "a trail"
    When the metadata of the version "first" of the object "trail.txt" is read
    Then the response is 200
    And the header content-length is "7"

  @op.DeleteObject @op.GetObject @op.ListObjects
  Scenario: A deletion creates a delete marker, and deleting the marker restores the object
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" with content "a trail"
    And the object "trail.txt" was deleted, which created the delete marker "gone"
    When the object "trail.txt" is read
    Then the response is 404 object_not_exists
    When the objects are listed
    Then the JSON body contains
      """
      {"keys": []}
      """
    When the version "first" of the object "trail.txt" is read
    Then the content is "a trail"
    When the version "gone" of the object "trail.txt" is deleted
    Then the response is 204
    And the header x-qs-delete-marker is "true"
    And the object "trail.txt" contains "a trail"

  @op.DeleteObject
  Scenario: A version can be deleted permanently
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" with content "a trail"
    And the version "second" of the object "trail.txt" with content "another trail"
    When the version "second" of the object "trail.txt" is deleted
    Then the response is 204
    And the header x-qs-delete-marker is absent
    And the object "trail.txt" contains "a trail"
    When the version "second" of the object "trail.txt" is read
    Then the response is 404 or 405

  @op.PutObject
  Scenario: Copying a previous version restores it
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" with content "a trail"
    And the version "second" of the object "trail.txt" with content "another trail"
    When the version "first" of the object "trail.txt" is copied to "trail.txt"
    Then the response is 201
    And the object "trail.txt" contains "a trail"

  @op.ListObjectVersions
  Scenario: List all versions, the newest of each key first
    Given versioning is ENABLED
    And the version "b1" of the object "b" with content "b"
    And the version "a1" of the object "a" with content "a trail"
    And the version "a2" of the object "a" with content "another trail"
    And the object "a" was deleted, which created the delete marker "a3"
    When the versions are listed
    Then the response is 200
    And the JSON body contains
      """
      {"name": "alpine-photos", "has_more": false, "keys": [
        {"key": "a", "version": "a3", "is_latest": true, "delete_marker": true, "size": 0, "etag": ""},
        {"key": "a", "version": "a2", "is_latest": false, "delete_marker": false, "size": 13},
        {"key": "a", "version": "a1", "is_latest": false, "delete_marker": false, "size": 7,
          "etag": "da43cdd53e62ea826f24578e4e06cbf1"},
        {"key": "b", "version": "b1", "is_latest": true, "delete_marker": false, "size": 1}]}
      """

  @op.ListObjectVersions
  Scenario: List versions in pages and with a delimiter
    Given versioning is ENABLED
    And the version "b1" of the object "b" with content "b"
    And the version "a1" of the object "a" with content "a"
    And the version "a2" of the object "a" with content "a"
    And the version "c1" of the object "c/1" with content "c"
    When the versions are listed with
      | limit | 1 |
    Then the JSON body contains
      """
      {"has_more": true, "keys": [{"version": "a2"}]}
      """
    When the versions are listed with
      | key_marker        | a  |
      | version_id_marker | a2 |
      | limit             | 2  |
    Then the JSON body contains
      """
      {"keys": [{"version": "a1"}, {"version": "b1"}]}
      """
    When the versions are listed with
      | key_marker | a |
      | delimiter  | / |
    Then the JSON body contains
      """
      {"keys": [{"version": "b1"}], "common_prefixes": ["c/"]}
      """
    When the versions are listed with
      | prefix | c |
    Then the JSON body contains
      """
      {"keys": [{"version": "c1"}]}
      """

  @op.PutBucketVersioning @op.PutObject
  Scenario: Suspended versioning creates no versions and keeps existing ones
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" with content "a trail"
    And versioning is SUSPENDED
    And the object "trail.txt" with content "another trail"
    And the object "trail.txt" with content "a third trail"
    Then the object "trail.txt" contains "a third trail"
    When the version "first" of the object "trail.txt" is read
    Then the content is "a trail"
    When the versions are listed
    Then the JSON body contains
      """
      {"keys": [{"is_latest": true, "size": 13}, {"version": "first", "is_latest": false}]}
      """
