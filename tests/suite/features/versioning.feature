Feature: Versions
  A bucket that forgets nothing, until it is told to.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketVersioning @op.GetBucketVersioning
  Scenario: The state of versioning
    When the state of versioning is read
    Then the answer is 200
    And the document holds
      """
      {"status": "DISABLED"}
      """
    When versioning is set to ENABLED
    Then the answer is 200
    When the state of versioning is read
    Then the document holds
      """
      {"status": "ENABLED"}
      """
    When versioning is set to SUSPENDED
    Then the answer is 200
    When the state of versioning is read
    Then the document holds
      """
      {"status": "SUSPENDED"}
      """
    When versioning is set to DISABLED
    Then the answer is a refusal

  @op.PutBucketVersioning @op.GetBucketVersioning
  Scenario: The state of versioning is the owner's
    Given the caller is a stranger
    When versioning is set to ENABLED
    Then the answer is 403 permission_denied
    When the state of versioning is read
    Then the answer is 403 permission_denied

  @op.PutObject @op.GetObject @op.HeadObject
  Scenario: Old versions stay
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" holding "a trail"
    And the version "second" of the object "trail.txt" holding "another trail"
    When the object "trail.txt" is read
    Then the content is "another trail"
    And there is a header x-qs-version-id
    When the version "first" of the object "trail.txt" is read
    Then the answer is 200
    And the content is "a trail"
    When the version "first" of the object "trail.txt" is looked at
    Then the answer is 200
    And the header content-length is "7"

  @op.DeleteObject @op.GetObject @op.ListObjects
  Scenario: A deletion leaves a marker, and without the marker nothing is deleted
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" holding "a trail"
    And the object "trail.txt" was deleted, which left the marker "gone"
    When the object "trail.txt" is read
    Then the answer is 404 object_not_exists
    When the objects are listed
    Then the document holds
      """
      {"keys": []}
      """
    When the version "first" of the object "trail.txt" is read
    Then the content is "a trail"
    When the version "gone" of the object "trail.txt" is deleted
    Then the answer is 204
    And the header x-qs-delete-marker is "true"
    And the object "trail.txt" holds "a trail"

  @op.DeleteObject
  Scenario: A version can be deleted for good
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" holding "a trail"
    And the version "second" of the object "trail.txt" holding "another trail"
    When the version "second" of the object "trail.txt" is deleted
    Then the answer is 204
    And there is no header x-qs-delete-marker
    And the object "trail.txt" holds "a trail"
    When the version "second" of the object "trail.txt" is read
    Then the answer is 404 or 405

  @op.PutObject
  Scenario: A copy brings an old version back
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" holding "a trail"
    And the version "second" of the object "trail.txt" holding "another trail"
    When the version "first" of the object "trail.txt" is copied to "trail.txt"
    Then the answer is 201
    And the object "trail.txt" holds "a trail"

  @op.ListObjectVersions
  Scenario: All versions, the newest of each key first
    Given versioning is ENABLED
    And the version "b1" of the object "b" holding "b"
    And the version "a1" of the object "a" holding "a trail"
    And the version "a2" of the object "a" holding "another trail"
    And the object "a" was deleted, which left the marker "a3"
    When the versions are listed
    Then the answer is 200
    And the document holds
      """
      {"name": "alpine-photos", "has_more": false, "keys": [
        {"key": "a", "version": "a3", "is_latest": true, "delete_marker": true, "size": 0, "etag": ""},
        {"key": "a", "version": "a2", "is_latest": false, "delete_marker": false, "size": 13},
        {"key": "a", "version": "a1", "is_latest": false, "delete_marker": false, "size": 7,
          "etag": "da43cdd53e62ea826f24578e4e06cbf1"},
        {"key": "b", "version": "b1", "is_latest": true, "delete_marker": false, "size": 1}]}
      """

  @op.ListObjectVersions
  Scenario: Versions in pages and folders
    Given versioning is ENABLED
    And the version "b1" of the object "b" holding "b"
    And the version "a1" of the object "a" holding "a"
    And the version "a2" of the object "a" holding "a"
    And the version "c1" of the object "c/1" holding "c"
    When the versions are listed with
      | limit | 1 |
    Then the document holds
      """
      {"has_more": true, "keys": [{"version": "a2"}]}
      """
    When the versions are listed with
      | key_marker        | a  |
      | version_id_marker | a2 |
      | limit             | 2  |
    Then the document holds
      """
      {"keys": [{"version": "a1"}, {"version": "b1"}]}
      """
    When the versions are listed with
      | key_marker | a |
      | delimiter  | / |
    Then the document holds
      """
      {"keys": [{"version": "b1"}], "common_prefixes": ["c/"]}
      """
    When the versions are listed with
      | prefix | c |
    Then the document holds
      """
      {"keys": [{"version": "c1"}]}
      """

  @op.PutBucketVersioning @op.PutObject
  Scenario: While versioning rests, no versions are made, and those there are stay
    Given versioning is ENABLED
    And the version "first" of the object "trail.txt" holding "a trail"
    And versioning is SUSPENDED
    And the object "trail.txt" holding "another trail"
    And the object "trail.txt" holding "a third trail"
    Then the object "trail.txt" holds "a third trail"
    When the version "first" of the object "trail.txt" is read
    Then the content is "a trail"
    When the versions are listed
    Then the document holds
      """
      {"keys": [{"is_latest": true, "size": 13}, {"version": "first", "is_latest": false}]}
      """
