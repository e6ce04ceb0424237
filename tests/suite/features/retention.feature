Feature: The retention of a bucket
  For how long nothing may be removed.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketRetention
  Scenario Outline: Days or years
    When a retention of <period> <unit> is put
    Then the answer is 200
    And there is a header x-qs-worm-id

    Examples:
      | period | unit  |
      | 1      | days  |
      | 36500  | days  |
      | 100    | years |

  @op.PutBucketRetention
  Scenario Outline: Longer than anyone keeps anything
    When a retention of <period> <unit> is put
    Then the answer is a refusal

    Examples:
      | period | unit  |
      | 36501  | days  |
      | 101    | years |

  @op.PutBucketRetention @op.PutBucketVersioning
  Scenario: Either retention or versions
    When a retention of 1 days is put
    And versioning is set to ENABLED
    Then the answer is a refusal
    When the retention is taken back
    Then the answer is 200
    When versioning is set to ENABLED
    Then the answer is 200
    When a retention of 1 days is put
    Then the answer is a refusal

  @op.PutBucketRetention
  Scenario: Only the owner may
    Given the caller is a stranger
    When a retention of 1 days is put
    Then the answer is 403 permission_denied
