Feature: Conditions, ranges and metadata
  Conditional requests, range requests, and the metadata of objects.

  Background:
    Given the bucket "alpine-photos"

  @op.GetObject @op.HeadObject
  Scenario Outline: Conditional reads
    Given the object "trail.txt" with content "a trail"
    When the object "trail.txt" is read with
      | <condition> | <value> |
    Then the response is <status>
    When the metadata of the object "trail.txt" is read with
      | <condition> | <value> |
    Then the response is <status>

    Examples:
      | condition           | value                         | status |
      | If-Match            | {etag}                        | 200    |
      | If-Match            | "another"                     | 412    |
      | If-None-Match       | "another"                     | 200    |
      | If-None-Match       | {etag}                        | 304    |
      | If-Modified-Since   | Sun, 16 Aug 2015 09:05:00 GMT | 200    |
      | If-Modified-Since   | Sun, 16 Aug 2099 09:05:00 GMT | 304    |
      | If-Unmodified-Since | Sun, 16 Aug 2015 09:05:00 GMT | 412    |
      | If-Unmodified-Since | Sun, 16 Aug 2099 09:05:00 GMT | 200    |

  @op.GetObject
  Scenario Outline: Read a range
    Given the object "digits" with content "0123456789"
    When the object "digits" is read with
      | Range | <range> |
    Then the response is 206
    And the content is "<content>"
    And the header content-range is "bytes <sent>/10"

    Examples:
      | range      | content    | sent |
      | bytes=0-0  | 0          | 0-0  |
      | bytes=2-4  | 234        | 2-4  |
      | bytes=7-   | 789        | 7-9  |
      | bytes=7-99 | 789        | 7-9  |
      | bytes=-3   | 789        | 7-9  |
      | bytes=-99  | 0123456789 | 0-9  |

  @op.GetObject
  Scenario Outline: An unsatisfiable or invalid range is rejected
    Given the object "digits" with content "0123456789"
    When the object "digits" is read with
      | Range | <range> |
    Then the response is 416 invalid_range

    Examples:
      | range       |
      | bytes=10-   |
      | bytes=20-30 |
      | bytes=4-2   |
      | digits=0-1  |

  @op.PutObject @op.GetObject
  Scenario: Metadata is returned as stored
    When the object "trail.txt" is put with
      | Content-Type        | text/plain                    |
      | Cache-Control       | max-age=60                    |
      | Content-Disposition | inline                        |
      | Content-Encoding    | identity                      |
      | Expires             | Sun, 16 Aug 2099 09:05:00 GMT |
      | x-qs-meta-k1        | v1                            |
      | x-qs-meta-k2        | v2                            |
    Then the response is 201
    When the object "trail.txt" is read
    Then the header content-type is "text/plain"
    And the header cache-control is "max-age=60"
    And the header content-disposition is "inline"
    And the header content-encoding is "identity"
    And the header expires is "Sun, 16 Aug 2099 09:05:00 GMT"
    And the header x-qs-meta-k1 is "v1"
    And the header x-qs-meta-k2 is "v2"

  @op.PutObject
  Scenario: An invalid metadata name is rejected
    When the object "trail.txt" is put with
      | x-qs-meta-guide!s | lin |
    Then the response is 400 invalid_argument

  @op.PutObject
  Scenario Outline: The metadata directive decides whether a copy keeps or replaces metadata
    Given the object "trail.txt" with
      | Content-Type    | text/plain |
      | x-qs-meta-guide | lin        |
    When the object "trail.txt" is copied to "<target>" with
      | x-qs-metadata-directive | <directive> |
      | Content-Type            | text/html   |
      | x-qs-meta-guide         | wang        |
    Then the response is 201
    When the metadata of the object "<target>" is read
    Then the header content-type is "<type>"
    And the header x-qs-meta-guide is "<guide>"

    Examples:
      | target    | directive | type       | guide |
      | copy      | COPY      | text/plain | lin   |
      | copy      | copy      | text/plain | lin   |
      | copy      | REPLACE   | text/html  | wang  |
      | trail.txt | replace   | text/html  | wang  |

  @op.PutObject
  Scenario: An unknown metadata directive is rejected
    Given the object "trail.txt" with content "a trail"
    When the object "trail.txt" is copied to "copy" with
      | x-qs-metadata-directive | KEEP |
    Then the response is 400 invalid_argument

  @op.PutObject
  Scenario: Copying an object to itself changes its storage class
    Given the object "trail.txt" with content "a trail"
    When the object "trail.txt" is copied to "trail.txt" with
      | x-qs-storage-class | STANDARD_IA |
    Then the response is 201
    When the metadata of the object "trail.txt" is read
    Then the header x-qs-storage-class is "STANDARD_IA"
