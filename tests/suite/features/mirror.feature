Feature: The mirror of a bucket
  Objects that are not there are brought from an origin.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketExternalMirror @op.GetBucketExternalMirror @op.DeleteBucketExternalMirror
  Scenario: Put, read and delete
    When the bucket's mirror is put
      """
      {"source_site": "https://example.com/something/"}
      """
    Then the answer is 200
    When the bucket's mirror is read
    Then the answer is 200
    And the document holds
      """
      {"source_site": "https://example.com/something/"}
      """
    When the bucket's mirror is deleted
    Then the answer is 204
    And the bucket has no mirror

  @op.PutBucketExternalMirror
  Scenario: The last one counts
    Given the bucket's mirror is
      """
      {"source_site": "https://example.com/something/"}
      """
    When the bucket's mirror is put
      """
      {"source_site": "https://example.org/else/"}
      """
    Then the answer is 200
    When the bucket's mirror is read
    Then the document holds
      """
      {"source_site": "https://example.org/else/"}
      """

  @op.PutBucketExternalMirror @op.GetObject
  Scenario: An object that is not there comes from the origin
    Given an origin that answers 200 "a trail from afar"
    And the object "here.txt" holding "already here"
    And the bucket's mirror is
      """
      {"source_site": "{origin}/photos/"}
      """
    Then the object "trail.txt" comes from the origin as "a trail from afar"
    And the object "here.txt" holds "already here"

  @op.PutBucketExternalMirror @op.GetBucketExternalMirror @op.DeleteBucketExternalMirror
  Scenario: Only the owner may
    Given the caller is a stranger
    When the bucket's mirror is put
      """
      {"source_site": "https://example.com/something/"}
      """
    Then the answer is 403 permission_denied
    When the bucket's mirror is read
    Then the answer is 403 permission_denied
    When the bucket's mirror is deleted
    Then the answer is 403 permission_denied
