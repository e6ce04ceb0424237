Feature: Objects
  A key, a content, and what is known about it.

  Background:
    Given the bucket "alpine-photos"

  @op.PutObject @op.GetObject
  Scenario: Put and read
    When the object "trail.txt" is put holding "a trail"
    Then the answer is 201
    And the header etag is '"da43cdd53e62ea826f24578e4e06cbf1"'
    When the object "trail.txt" is read
    Then the answer is 200
    And the content is "a trail"
    And the header content-length is "7"
    And the header content-type is "application/octet-stream"
    And there is a header last-modified
    And there is a header x-qs-request-id

  @op.PutObject @op.GetObject
  Scenario: The last one wins
    Given the object "trail.txt" holding "a trail"
    When the object "trail.txt" is put holding "another trail"
    Then the answer is 201
    And the object "trail.txt" holds "another trail"

  @op.PutObject
  Scenario: A folder is an empty object
    When the object "2025/" is put holding ""
    Then the answer is 201
    And the object "2025/" holds ""

  @op.PutObject
  Scenario: A digest that is not that of the content
    When the object "trail.txt" is put with
      | Content-MD5 | 1B2M2Y8AsgTpgAmY7PhCfg== |
    Then the answer is 400 bad_digest
    And there is no object "trail.txt"

  @op.PutObject
  Scenario: A storage class that there is not
    When the object "trail.txt" is put with
      | x-qs-storage-class | PAPER |
    Then the answer is 400 invalid_request
    And there is no object "trail.txt"

  @op.GetObject @op.HeadObject
  Scenario: An object that there is not
    When the object "never put" is read
    Then the answer is 404 object_not_exists
    When the object "never put" is looked at
    Then the answer is 404

  @op.HeadObject
  Scenario: Looking at an object
    Given the object "trail.txt" with
      | Content-Type       | text/plain  |
      | x-qs-storage-class | STANDARD_IA |
    When the object "trail.txt" is looked at
    Then the answer is 200
    And the header content-length is "7"
    And the header content-type is "text/plain"
    And the header x-qs-storage-class is "STANDARD_IA"
    And there is no header x-qs-object-type

  @op.GetObject
  Scenario: Reading it as something else
    Given the object "trail" holding "a trail"
    When the object "trail" is read as the type "video/mp4; charset=utf8", to be saved as "trail.mp4"
    Then the answer is 200
    And the header content-type is "video/mp4; charset=utf8"
    And the header content-disposition is 'attachment; filename="trail.mp4"'
    And the content is "a trail"

  @op.DeleteObject
  Scenario: Deleting, once and again
    Given the object "trail.txt" holding "a trail"
    When the object "trail.txt" is deleted
    Then the answer is 204
    And there is no object "trail.txt"
    When the object "trail.txt" is deleted
    Then the answer is 204

  @op.PutObject
  Scenario: A copy
    Given the object "trail.txt" holding "a trail"
    When the object "trail.txt" is copied to "copies/trail.txt"
    Then the answer is 201
    And the object "copies/trail.txt" holds "a trail"
    And the object "trail.txt" holds "a trail"

  @op.PutObject
  Scenario: A copy from another bucket
    Given the object "trail.txt" holding "a trail"
    And the bucket "alpine-copies"
    When the object "trail.txt" of the bucket "alpine-photos" is copied to "trail.txt"
    Then the answer is 201
    And the object "trail.txt" holds "a trail"

  @op.PutObject
  Scenario: A copy of nothing, and from nowhere
    When the object "never put" is copied to "trail.txt"
    Then the answer is 404 object_not_exists
    When the object "trail.txt" of the bucket "never-created" is copied to "trail.txt"
    Then the answer is 404 bucket_not_exists

  @op.PutObject
  Scenario Outline: A copy on a condition
    Given the object "trail.txt" holding "a trail"
    When the object "trail.txt" is copied to "copy" with
      | <condition> | <value> |
    Then the answer is <status> <code>

    Examples:
      | condition                           | value                         | status | code                |
      | x-qs-copy-source-if-match           | {etag}                        | 201    |                     |
      | x-qs-copy-source-if-match           | "another"                     | 412    | precondition_failed |
      | x-qs-copy-source-if-none-match      | "another"                     | 201    |                     |
      | x-qs-copy-source-if-none-match      | {etag}                        | 412    | precondition_failed |
      | x-qs-copy-source-if-modified-since  | Sun, 16 Aug 2015 09:05:00 GMT | 201    |                     |
      | x-qs-copy-source-if-unmodified-since | Sun, 16 Aug 2015 09:05:00 GMT | 412   | precondition_failed |

  @op.PutObject
  Scenario: A move
    Given the object "trail.txt" with
      | x-qs-meta-guide | lin |
    When the object "trail.txt" is moved to "paths/trail.txt"
    Then the answer is 201
    And there is no object "trail.txt"
    And the object "paths/trail.txt" holds "content"
    When the object "paths/trail.txt" is looked at
    Then the header x-qs-meta-guide is "lin"

  @op.PutObject
  Scenario: A move of nothing
    When the object "never put" is moved to "trail.txt"
    Then the answer is 404 object_not_exists

  @op.PutObject
  Scenario Outline: A move on a condition
    Given the object "trail.txt" holding "a trail"
    When the object "trail.txt" is moved to "moved" with
      | <condition> | <value> |
    Then the answer is <status> <code>

    Examples:
      | condition                           | value                         | status | code                |
      | x-qs-move-source-if-match           | {etag}                        | 201    |                     |
      | x-qs-move-source-if-match           | "another"                     | 412    | precondition_failed |
      | x-qs-move-source-if-none-match      | {etag}                        | 412    | precondition_failed |
      | x-qs-move-source-if-unmodified-since | Sun, 16 Aug 2015 09:05:00 GMT | 412   | precondition_failed |

  @op.PutObject
  Scenario: A fetch
    Given an origin that answers 200 "a trail from afar"
    When the object "trail.txt" is fetched from "{origin}/trail.txt"
    Then the answer is 201
    And the object "trail.txt" holds "a trail from afar"

  @op.PutObject
  Scenario: A fetch of what the origin does not have
    Given an origin that answers 404 "gone"
    When the object "trail.txt" is fetched from "{origin}/trail.txt"
    Then the answer is 404 object_not_exists
    And there is no object "trail.txt"

  @op.PutObject
  Scenario: A fetch from an origin that fails
    Given an origin that answers 500 "on fire"
    When the object "trail.txt" is fetched from "{origin}/trail.txt"
    Then the answer is 503 upstream_failed
    And there is no object "trail.txt"

  @op.GetObject
  Scenario: A signed URL is enough to read
    Given the object "trail.txt" holding "a trail"
    When the signed URL for reading the object "trail.txt" is used
    Then the answer is 200
    And the content is "a trail"

  @op.PutObject
  Scenario: A signed URL is enough to put
    When the signed URL for putting the object "trail.txt" is used with "a trail"
    Then the answer is 201
    And the object "trail.txt" holds "a trail"

  @op.OptionsObject
  Scenario: A page of another site, where nothing is allowed
    Given the object "trail.txt" holding "a trail"
    When a page of "http://example.com" asks to GET the object "trail.txt"
    Then the answer is 200
    And there is no header access-control-allow-origin
    And there is no header access-control-allow-methods
