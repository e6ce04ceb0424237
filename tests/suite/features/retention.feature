Feature: Retention of a bucket
  Retention protects objects from deletion for a period.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketRetention
  Scenario Outline: Set a period in days or years
    When a retention of <period> <unit> is put
    Then the response is 200
    And the header x-qs-worm-id is present

    Examples:
      | period | unit  |
      | 1      | days  |
      | 36500  | days  |
      | 100    | years |

  @op.PutBucketRetention
  Scenario Outline: Periods over 100 years are rejected
    When a retention of <period> <unit> is put
    Then the response is a client error

    Examples:
      | period | unit  |
      | 36501  | days  |
      | 101    | years |

  @op.PutBucketRetention @op.PutBucketVersioning
  Scenario: Retention and versioning exclude each other
    When a retention of 1 days is put
    And versioning is set to ENABLED
    Then the response is a client error
    When the retention is removed
    Then the response is 200
    When versioning is set to ENABLED
    Then the response is 200
    When a retention of 1 days is put
    Then the response is a client error

  @op.PutBucketRetention
  Scenario: Only the owner can set retention
    Given the caller is another user
    When a retention of 1 days is put
    Then the response is 403 permission_denied
