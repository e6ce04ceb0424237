Feature: The service
  What an account has, and where it can be.

  Background:
    Given the bucket "alpine-photos"

  @op.ListBuckets
  Scenario: The buckets of an account
    When the buckets are listed
    Then the answer is 200
    And the document holds
      """
      {"count": 1, "buckets": [{"name": "alpine-photos", "location": "pek3a"}]}
      """

  @op.ListBuckets
  Scenario: The buckets of one zone
    Given the bucket "coastal-photos" in the zone sh1a
    When the buckets in the zone sh1a are listed
    Then the answer is 200
    And the document holds
      """
      {"buckets": [{"name": "coastal-photos", "location": "sh1a"}]}
      """

  @op.ListBuckets
  Scenario: A page of buckets
    Given the bucket "bright-photos"
    And the bucket "coastal-photos"
    When the buckets are listed from number 1, at most 1
    Then the answer is 200
    And the document holds
      """
      {"buckets": [{"name": "bright-photos"}]}
      """

  @op.ListBuckets
  Scenario: A zone that there is not
    When the buckets in the zone moon1 are listed
    Then the answer is 400 invalid_location

  @op.ListBuckets
  Scenario: An account sees its own buckets only
    Given the caller is a stranger
    When the buckets are listed
    Then the answer is 200
    And the document holds
      """
      {"count": 0, "buckets": []}
      """

  @op.ListBuckets
  Scenario: Nobody in particular has no buckets to list
    Given the caller is anonymous
    When the buckets are listed
    Then the answer is 403 permission_denied

  @op.ListLocations
  Scenario: Everybody may ask for the zones
    Given the caller is anonymous
    When the zones are listed
    Then the answer is 200
    And pek3a is among the zones, with a name and an endpoint
    And sh1a is among the zones, with a name and an endpoint

  @op.ListLocations
  Scenario Outline: The zones in a language
    When the zones are listed in the language <language>
    Then the answer is 200
    And pek3a is among the zones, with a name and an endpoint

    Examples:
      | language |
      | en-us    |
      | zh-cn    |
      | zh_CN    |

  @op.ListLocations
  Scenario: A language that there is not
    When the zones are listed in the language fr-fr
    Then the answer is 400 invalid_argument
