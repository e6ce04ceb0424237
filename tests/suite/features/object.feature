Feature: Objects
  Reading, writing, copying, moving, fetching and deleting objects.

  Background:
    Given the bucket "alpine-photos"

  @op.PutObject @op.GetObject
  Scenario: Put and read
    When the object "trail.txt" is put with content "a trail"
    Then the response is 201
    And the header etag is '"da43cdd53e62ea826f24578e4e06cbf1"'
    When the object "trail.txt" is read
    Then the response is 200
    And the content is "a trail"
    And the header content-length is "7"
    And the header content-type is "application/octet-stream"
    And the header last-modified is present
    And the header x-qs-request-id is present

  @op.PutObject @op.GetObject
  Scenario: A second put replaces the object
    Given the object "trail.txt" with content "a trail"
    When the object "trail.txt" is put with content "another trail"
    Then the response is 201
    And the object "trail.txt" contains "another trail"

  @op.PutObject
  Scenario: A folder is an empty object whose key ends in a slash
    When the object "2025/" is put with content ""
    Then the response is 201
    And the object "2025/" contains ""

  @op.PutObject
  Scenario: A Content-MD5 that does not match the body is rejected
    When the object "trail.txt" is put with
      | Content-MD5 | 1B2M2Y8AsgTpgAmY7PhCfg== |
    Then the response is 400 bad_digest
    And the object "trail.txt" does not exist

  @op.PutObject
  Scenario: An unknown storage class is rejected
    When the object "trail.txt" is put with
      | x-qs-storage-class | PAPER |
    Then the response is 400 invalid_request
    And the object "trail.txt" does not exist

  @op.GetObject @op.HeadObject
  Scenario: Reading a missing object fails
    When the object "missing" is read
    Then the response is 404 object_not_exists
    When the metadata of the object "missing" is read
    Then the response is 404

  @op.HeadObject
  Scenario: HeadObject returns the metadata
    Given the object "trail.txt" with
      | Content-Type       | text/plain  |
      | x-qs-storage-class | STANDARD_IA |
    When the metadata of the object "trail.txt" is read
    Then the response is 200
    And the header content-length is "7"
    And the header content-type is "text/plain"
    And the header x-qs-storage-class is "STANDARD_IA"
    And the header x-qs-object-type is absent

  @op.GetObject
  Scenario: A read can override response headers
    Given the object "trail" with content "a trail"
    When the object "trail" is read with the response type "video/mp4; charset=utf8" and the file name "trail.mp4"
    Then the response is 200
    And the header content-type is "video/mp4; charset=utf8"
    And the header content-disposition is 'attachment; filename="trail.mp4"'
    And the content is "a trail"

  @op.DeleteObject
  Scenario: Deleting a missing object succeeds
    Given the object "trail.txt" with content "a trail"
    When the object "trail.txt" is deleted
    Then the response is 204
    And the object "trail.txt" does not exist
    When the object "trail.txt" is deleted
    Then the response is 204

  @op.PutObject
  Scenario: Copy an object
    Given the object "trail.txt" with content "a trail"
    When the object "trail.txt" is copied to "copies/trail.txt"
    Then the response is 201
    And the object "copies/trail.txt" contains "a trail"
    And the object "trail.txt" contains "a trail"

  @op.PutObject
  Scenario: Copy an object from another bucket
    Given the object "trail.txt" with content "a trail"
    And the bucket "alpine-copies"
    When the object "trail.txt" of the bucket "alpine-photos" is copied to "trail.txt"
    Then the response is 201
    And the object "trail.txt" contains "a trail"

  @op.PutObject
  Scenario: Copying fails if the source object or bucket does not exist
    When the object "missing" is copied to "trail.txt"
    Then the response is 404 object_not_exists
    When the object "trail.txt" of the bucket "never-created" is copied to "trail.txt"
    Then the response is 404 bucket_not_exists

  @op.PutObject
  Scenario Outline: Conditional copies
    Given the object "trail.txt" with content "a trail"
    When the object "trail.txt" is copied to "copy" with
      | <condition> | <value> |
    Then the response is <status> <code>

    Examples:
      | condition                           | value                         | status | code                |
      | x-qs-copy-source-if-match           | {etag}                        | 201    |                     |
      | x-qs-copy-source-if-match           | "another"                     | 412    | precondition_failed |
      | x-qs-copy-source-if-none-match      | "another"                     | 201    |                     |
      | x-qs-copy-source-if-none-match      | {etag}                        | 412    | precondition_failed |
      | x-qs-copy-source-if-modified-since  | Sun, 16 Aug 2015 09:05:00 GMT | 201    |                     |
      | x-qs-copy-source-if-unmodified-since | Sun, 16 Aug 2015 09:05:00 GMT | 412   | precondition_failed |

  @op.PutObject
  Scenario: Move an object
    Given the object "trail.txt" with
      | x-qs-meta-guide | lin |
    When the object "trail.txt" is moved to "paths/trail.txt"
    Then the response is 201
    And the object "trail.txt" does not exist
    And the object "paths/trail.txt" contains "content"
    When the metadata of the object "paths/trail.txt" is read
    Then the header x-qs-meta-guide is "lin"

  @op.PutObject
  Scenario: Moving a missing object fails
    When the object "missing" is moved to "trail.txt"
    Then the response is 404 object_not_exists

  @op.PutObject
  Scenario Outline: Conditional moves
    Given the object "trail.txt" with content "a trail"
    When the object "trail.txt" is moved to "moved" with
      | <condition> | <value> |
    Then the response is <status> <code>

    Examples:
      | condition                           | value                         | status | code                |
      | x-qs-move-source-if-match           | {etag}                        | 201    |                     |
      | x-qs-move-source-if-match           | "another"                     | 412    | precondition_failed |
      | x-qs-move-source-if-none-match      | {etag}                        | 412    | precondition_failed |
      | x-qs-move-source-if-unmodified-since | Sun, 16 Aug 2015 09:05:00 GMT | 412   | precondition_failed |

  @op.PutObject
  Scenario: Fetch an object from a URL
    Given an origin that responds with 200 "a trail from afar"
    When the object "trail.txt" is fetched from "{origin}/trail.txt"
    Then the response is 201
    And the object "trail.txt" contains "a trail from afar"

  @op.PutObject
  Scenario: Fetching fails if the origin responds with 404
    Given an origin that responds with 404 "gone"
    When the object "trail.txt" is fetched from "{origin}/trail.txt"
    Then the response is 404 object_not_exists
    And the object "trail.txt" does not exist

  @op.PutObject
  Scenario: Fetching fails if the origin responds with a server error
    Given an origin that responds with 500 "on fire"
    When the object "trail.txt" is fetched from "{origin}/trail.txt"
    Then the response is 503 upstream_failed
    And the object "trail.txt" does not exist

  @op.GetObject
  Scenario: A presigned URL allows reading
    Given the object "trail.txt" with content "a trail"
    When the presigned URL for reading the object "trail.txt" is used
    Then the response is 200
    And the content is "a trail"

  @op.PutObject
  Scenario: A presigned URL allows writing
    When the presigned URL for putting the object "trail.txt" is used with "a trail"
    Then the response is 201
    And the object "trail.txt" contains "a trail"

  @op.OptionsObject
  Scenario: Without CORS rules, a preflight response allows nothing
    Given the object "trail.txt" with content "a trail"
    When a preflight request from "http://example.com" asks to GET the object "trail.txt"
    Then the response is 200
    And the header access-control-allow-origin is absent
    And the header access-control-allow-methods is absent
