Feature: External mirror of a bucket
  A bucket with a mirror serves missing objects from an origin.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketExternalMirror @op.GetBucketExternalMirror @op.DeleteBucketExternalMirror
  Scenario: Put, read and delete
    When the bucket's mirror is put
      """
      {"source_site": "https://example.com/something/"}
      """
    Then the response is 200
    When the bucket's mirror is read
    Then the response is 200
    And the JSON body contains
      """
      {"source_site": "https://example.com/something/"}
      """
    When the bucket's mirror is deleted
    Then the response is 204
    And the bucket has no mirror

  @op.PutBucketExternalMirror
  Scenario: A second put replaces the mirror
    Given the bucket's mirror is
      """
      {"source_site": "https://example.com/something/"}
      """
    When the bucket's mirror is put
      """
      {"source_site": "https://example.org/else/"}
      """
    Then the response is 200
    When the bucket's mirror is read
    Then the JSON body contains
      """
      {"source_site": "https://example.org/else/"}
      """

  @op.PutBucketExternalMirror @op.GetObject
  Scenario: A missing object is served from the origin
    Given an origin that responds with 200 "a trail from afar"
    And the object "here.txt" with content "already here"
    And the bucket's mirror is
      """
      {"source_site": "{origin}/photos/"}
      """
    Then a request for the object "trail.txt" returns "a trail from afar" from the origin or redirects to it
    And the object "here.txt" contains "already here"

  @op.PutBucketExternalMirror @op.GetBucketExternalMirror @op.DeleteBucketExternalMirror
  Scenario: Only the owner can manage the mirror
    Given the caller is another user
    When the bucket's mirror is put
      """
      {"source_site": "https://example.com/something/"}
      """
    Then the response is 403 permission_denied
    When the bucket's mirror is read
    Then the response is 403 permission_denied
    When the bucket's mirror is deleted
    Then the response is 403 permission_denied
